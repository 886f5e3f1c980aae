using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Tests.Storage.Contracts;

namespace Registry.Core.Tests.Storage.FileSystem;

public sealed class FileSystemUploadStoreTests : UploadStoreContract
{
    private static readonly RepositoryName Repository = Samples.Repository("team/app");

    private readonly FileSystemEngine _engine;

    public FileSystemUploadStoreTests()
        : this(new FileSystemEngine())
    {
    }

    private FileSystemUploadStoreTests(FileSystemEngine engine)
        : base(engine) => _engine = engine;

    // The file has gone: there is nothing to sync.
    [Fact]
    public async Task After_a_commit_that_failed_nothing_that_was_received_is_trusted()
    {
        byte[] content = [1, 2, 3];
        var session = await _engine.Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        var path = _engine.Layout.UploadData(session.Id);
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
        Assert.Empty(_engine.Blobs.Enumerate());
    }

    [Fact]
    public async Task An_upload_that_cannot_be_placed_begins_again()
    {
        var content = Samples.Bytes(3, 1000);
        var digest = Samples.Digest(content);
        var inTheWay = Path.Combine(_engine.Layout.BlobData(digest), "folder");
        Directory.CreateDirectory(inTheWay);
        var session = await _engine.Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await using var upload = (await _engine.Uploads.TryAcquireAsync(session.Id))!;
        await upload.AppendAsync(Samples.Body(content), DigestAlgorithm.Sha256, default);
        await Assert.ThrowsAsync<StorageException>(() => upload.CommitAsync(digest));
        Assert.Equal(0, upload.Length);

        Directory.Delete(Path.GetDirectoryName(inTheWay)!, recursive: true);
        await upload.AppendAsync(Samples.Body(content), DigestAlgorithm.Sha256, default);
        Assert.True(await upload.MatchesAsync(digest));
        Assert.Equal(content.Length, await upload.CommitAsync(digest));
        Assert.Equal(content, await _engine.Blobs.ReadAsync(digest));
    }
}
