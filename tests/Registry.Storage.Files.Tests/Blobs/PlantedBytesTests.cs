using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Contracts;

namespace Registry.Storage.Files.Tests.Blobs;

/// <summary>Symbolic links, FIFOs and devices in blobs/ and uploads/: the registry neither follows nor opens them.</summary>
public sealed class PlantedBytesTests : IAsyncDisposable
{
    private static readonly RepositoryName Repository = Samples.Repository("a");
    private static readonly Digest Blob = Samples.Digest("blob");

    private readonly TemporaryFolder _outside = new();
    private readonly FileSystemEngine _engine = new();

    public static MatrixTheoryData<string, string> AboveBytes => new(["algorithm", "shard", "folder"], Planted.Kinds);

    public static TheoryData<string> Kinds => new(Planted.Kinds);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task In_the_place_of_a_blob_it_is_no_blob_and_pushing_the_blob_replaces_it(string kind)
    {
        Planted.Put(kind, _engine.Paths.BlobData(Blob), _outside.Path);
        await AssertNotHereAsync();
        await _engine.Blobs.PutAsync(Blob, Samples.Text("blob"));
        Assert.Equal(Samples.Text("blob"), await _engine.Blobs.ReadAsync(Blob));
        Planted.AssertUntouched(_outside.Path);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task In_the_place_of_a_blob_it_is_removed_with_the_blob(string kind)
    {
        Planted.Put(kind, _engine.Paths.BlobData(Blob), _outside.Path);
        File.CreateSymbolicLink(Path.Combine(_engine.Paths.BlobDirectory(Blob), "beside"), _outside.Path);
        await _engine.Blobs.DeleteAsync([Blob]);
        Assert.False(Directory.Exists(_engine.Paths.BlobDirectory(Blob)));
        Planted.AssertUntouched(_outside.Path);
    }

    [Theory]
    [MemberData(nameof(AboveBytes))]
    public async Task In_the_place_of_a_folder_of_blobs_it_is_left_alone(string place, string kind)
    {
        var path = place switch
        {
            "algorithm" => _engine.Paths.BlobAlgorithm(Blob.Algorithm),
            "shard" => _engine.Paths.BlobShard(Blob),
            _ => _engine.Paths.BlobDirectory(Blob),
        };
        Planted.Put(kind, path, _outside.Path);
        await AssertNotHereAsync();
        await _engine.Blobs.DeleteAsync([Blob]);
        var refused = await Assert.ThrowsAsync<StorageException>(() => _engine.Blobs.PutAsync(Blob, Samples.Text("blob")));
        Assert.Contains($"{path} is not a folder", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_engine.Paths.Uploads));
        Assert.Null(_engine.Health.Failure);
        Planted.AssertUntouched(_outside.Path);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task In_the_place_of_an_upload_nothing_is_written_to_it(string kind)
    {
        var session = await _engine.Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        var path = _engine.Paths.UploadData(session.Id);
        Planted.Put(kind, path, _outside.Path);
        await using (var upload = (await _engine.Uploads.TryAcquireAsync(session.Id))!)
        {
            var refused = await Assert.ThrowsAsync<StorageException>(
                () => upload.AppendAsync(Samples.Body(Samples.Text("blob")), DigestAlgorithm.Sha256, default));
            Assert.Contains(path, refused.Message, StringComparison.Ordinal);
            Assert.Equal(0, upload.Length);
            await upload.AbortAsync();
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_engine.Paths.Uploads));
        Planted.AssertUntouched(_outside.Path);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task In_the_place_of_a_received_upload_nothing_of_it_is_committed(string kind)
    {
        var session = await _engine.Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await using (var upload = (await _engine.Uploads.TryAcquireAsync(session.Id))!)
        {
            await upload.AppendAsync(Samples.Body(Samples.Text("blob")), DigestAlgorithm.Sha256, default);
        }

        Planted.Put(kind, _engine.Paths.UploadData(session.Id), _outside.Path);
        await using (var upload = (await _engine.Uploads.TryAcquireAsync(session.Id))!)
        {
            await Assert.ThrowsAsync<StorageException>(() => upload.CommitAsync(Blob));
            Assert.Equal(0, upload.Length);
        }

        await AssertNotHereAsync();
        Planted.AssertUntouched(_outside.Path);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task At_a_start_uploads_that_are_none_begin_again(string kind)
    {
        var session = await _engine.Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        Planted.Put(kind, _engine.Paths.UploadData(session.Id), _outside.Path);
        Planted.Put(kind, _engine.Paths.UploadData(Guid.NewGuid()), _outside.Path);
        Planted.Put(kind, Path.Combine(_engine.Paths.Uploads, ".probe"), _outside.Path);
        Planted.Put(kind, Path.Combine(_engine.Paths.Blobs, ".probe"), _outside.Path);
        await _engine.ReopenAsync();
        Assert.Equal(0, (await _engine.Uploads.FindAsync(session.Id))!.Length);
        await using (var upload = (await _engine.Uploads.TryAcquireAsync(session.Id))!)
        {
            await upload.AppendAsync(Samples.Body(Samples.Text("blob")), DigestAlgorithm.Sha256, default);
            Assert.Equal(Blob, (await upload.CommitAsync(Blob)).Digest);
        }

        Assert.Equal(Samples.Text("blob"), await _engine.Blobs.ReadAsync(Blob));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_engine.Paths.Uploads));
        Planted.AssertUntouched(_outside.Path);
    }

    [Fact]
    public async Task The_folders_that_the_operator_has_put_elsewhere_are_followed()
    {
        using var elsewhere = new TemporaryFolder();
        foreach (var name in new[] { "blobs", "uploads", "repositories" })
        {
            Directory.CreateSymbolicLink(Path.Combine(_outside.Path, name), elsewhere.Folder(name));
        }

        await using var storage = await TestStorage.CreateAsync(_outside.Path);
        var image = await storage.PushImageAsync(Repository, "app", "latest");
        Assert.Equal(image, await storage.GetAsync(Repository, Tag.Parse("latest")));
        await storage.CloseAsync();
        Assert.Equal(5, FolderContent.List(Path.Combine(elsewhere.Path, "repositories")).Count);
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _outside.Dispose();
    }

    private async Task AssertNotHereAsync()
    {
        Assert.Null(await _engine.Blobs.StatAsync(Blob));
        Assert.Null(await _engine.Blobs.OpenAsync(Blob));
        Assert.Null(await _engine.Blobs.ReadAsync(Blob));
        Assert.Empty(await _engine.Blobs.ListStoredAsync());
    }
}
