using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Storage.Contracts;
using Registry.Storage.Contracts.Bytes;

namespace Registry.Storage.Files.Tests.Uploads;

public sealed class UploadsInFilesTests : UploadStoreContract
{
    private static readonly RepositoryName Repository = Samples.Repository("team/app");

    private readonly FileSystemEngine _engine;

    public UploadsInFilesTests()
        : this(new FileSystemEngine())
    {
    }

    private UploadsInFilesTests(FileSystemEngine engine)
        : base(engine) => _engine = engine;

    // The file has gone: there is nothing to sync.
    [Fact]
    public async Task After_a_commit_that_failed_nothing_that_was_received_is_trusted()
    {
        byte[] content = [1, 2, 3];
        var session = await _engine.Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        var path = _engine.Paths.UploadData(session.Id);
        await using (var upload = (await _engine.Uploads.TryAcquireAsync(session.Id))!)
        {
            await upload.AppendAsync(Samples.Body(content), DigestAlgorithm.Sha256, default);
        }

        File.Delete(path);
        await using (var upload = (await _engine.Uploads.TryAcquireAsync(session.Id))!)
        {
            await Assert.ThrowsAsync<StorageException>(() => upload.CommitAsync(Samples.Digest(content)));
            Assert.Equal(0, upload.Length);
            Assert.False(await upload.MatchesAsync(Samples.Digest(content)));
        }

        Assert.False(File.Exists(path));
        Assert.Equal(0, (await _engine.Uploads.FindAsync(session.Id))!.Length);
        Assert.Empty(await _engine.Blobs.ListStoredAsync());
    }

    // As one piece of work, a few uploads of gigabytes that are hashed again would keep all storage threads from other requests. Other work that
    // has its turn in between changes the end of the file, so that the digest shows the order.
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    public async Task Other_work_gets_its_turn_while_an_upload_is_hashed_again(int beyond, bool isChanged)
    {
        var content = Samples.Bytes(5, (3 * 4 * 1024 * 1024) + beyond);
        var session = await _engine.Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await using var upload = (await _engine.Uploads.TryAcquireAsync(session.Id))!;
        await upload.AppendAsync(Samples.Body(content), DigestAlgorithm.Sha256, default);

        using var first = new ManualResetEventSlim();
        using var others = new ManualResetEventSlim();
        var busy = Enumerable.Range(0, FileSystemEngine.StorageThreadCount).Select(i => _engine.Threads.RunAsync(i == 0 ? first.Wait : others.Wait)).ToList();
        var matching = upload.MatchesAsync(DigestAlgorithm.Find("sha512")!.Compute(content));
        var other = _engine.Threads.RunAsync(() =>
        {
            using var file = File.OpenHandle(_engine.Paths.UploadData(session.Id), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            RandomAccess.Write(file, [(byte)(content[^1] + (isChanged ? 1 : 0))], content.Length - 1);
        });
        first.Set();
        await other;

        Assert.Equal(!isChanged, await matching);
        others.Set();
        await Task.WhenAll(busy);
    }

    // After a power cut, ext4 may have the length of a file without its bytes: the blocks are allocated, but were never written.
    [Theory]
    [InlineData(0, 100_000)]
    [InlineData(65_536, 1)]
    [InlineData(65_536, 100_000)]
    [InlineData(100_000, 0)]
    public async Task A_start_trusts_only_bytes_that_were_written(int written, int unwritten)
    {
        // Zeros that a client sent are content.
        var content = Samples.Bytes(7, 120_000);
        content.AsSpan(0, 50_000).Clear();
        var session = await _engine.Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await using (var upload = (await _engine.Uploads.TryAcquireAsync(session.Id))!)
        {
            await upload.AppendAsync(Samples.Body(content[..Math.Max(1, written)]), DigestAlgorithm.Sha256, default);
        }

        using (var file = File.OpenHandle(_engine.Paths.UploadData(session.Id), FileMode.Open, FileAccess.Write))
        {
            FileLength.Set(file, written);
            FileLength.Set(file, written + unwritten);
        }

        await _engine.ReopenAsync();

        Assert.Equal(written, (await _engine.Uploads.FindAsync(session.Id))!.Length);
        await using var again = (await _engine.Uploads.TryAcquireAsync(session.Id))!;
        await again.AppendAsync(Samples.Body(content[written..]), DigestAlgorithm.Sha256, default);
        Assert.True(await again.MatchesAsync(Samples.Digest(content)));
        await again.CommitAsync(Samples.Digest(content));
        Assert.Equal(content, await _engine.Blobs.ReadAsync(Samples.Digest(content)));
    }

    [Fact]
    public async Task An_upload_that_cannot_be_placed_begins_again()
    {
        var content = Samples.Bytes(3, 1000);
        var digest = Samples.Digest(content);
        var inTheWay = Path.Combine(_engine.Paths.BlobData(digest), "folder");
        Directory.CreateDirectory(inTheWay);
        var session = await _engine.Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await using var upload = (await _engine.Uploads.TryAcquireAsync(session.Id))!;
        await upload.AppendAsync(Samples.Body(content), DigestAlgorithm.Sha256, default);
        await Assert.ThrowsAsync<StorageException>(() => upload.CommitAsync(digest));
        Assert.Equal(0, upload.Length);

        Directory.Delete(Path.GetDirectoryName(inTheWay)!, recursive: true);
        await upload.AppendAsync(Samples.Body(content), DigestAlgorithm.Sha256, default);
        Assert.True(await upload.MatchesAsync(digest));
        Assert.Equal(digest, (await upload.CommitAsync(digest)).Digest);
        Assert.Equal(content, await _engine.Blobs.ReadAsync(digest));
    }
}
