using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Storage.FileSystem;

namespace Registry.Core.Tests.Storage.FileSystem;

public sealed class UploadFolderTests : IAsyncDisposable
{
    private static readonly RepositoryName App = Samples.Repository("team/app");

    private readonly FileSystemEngine _engine = new();

    [Fact]
    public async Task An_upload_is_a_folder_with_its_session_and_its_bytes()
    {
        var session = await _engine.Uploads.CreateAsync(App, "alice", DigestAlgorithm.Sha512);
        await AppendAsync(session.Id, "hello");
        Assert.Equal(
            [
                $"{session.Id}/data = hello",
                $"{session.Id}/session = " + """{"repository":"team/app","owner":"alice","algorithm":"sha512"}""",
            ],
            Tree.List(_engine.Layout.Uploads));
    }

    [Fact]
    public async Task A_finished_upload_leaves_no_file()
    {
        var committed = await _engine.Uploads.CreateAsync(App, null, DigestAlgorithm.Sha256);
        await AppendAsync(committed.Id, "hello");
        await using (var upload = await _engine.Uploads.TryAcquireAsync(committed.Id))
        {
            await upload!.CommitAsync(Samples.Digest("hello"));
        }

        var aborted = await _engine.Uploads.CreateAsync(App, null, DigestAlgorithm.Sha256);
        await using (var upload = await _engine.Uploads.TryAcquireAsync(aborted.Id))
        {
            await upload!.AbortAsync();
        }

        await _engine.Blobs.PutAsync(Samples.Digest("small"), Samples.Text("small"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_engine.Layout.Uploads));
    }

    [Fact]
    public async Task What_a_killed_server_left_half_done_is_removed_at_the_next_start()
    {
        var good = await _engine.Uploads.CreateAsync(App, null, DigestAlgorithm.Sha256);
        var uploads = _engine.Layout.Uploads;
        Tree.Write("half a manifest", uploads, $"{Guid.NewGuid()}.tmp");
        Directory.CreateDirectory(_engine.Layout.UploadDirectory(Guid.NewGuid()));
        Tree.Write("no session", _engine.Layout.UploadData(Guid.NewGuid()));
        Tree.Write("""{"repository":"a","algorithm":"sha256"}""", _engine.Layout.UploadSession(Guid.NewGuid()));
        foreach (var session in new[] { "", "{", "null", "{}", """{"repository":"../etc","algorithm":"sha256"}""", """{"repository":"a","algorithm":"md5"}""" })
        {
            var id = Guid.NewGuid();
            Tree.Write(session, _engine.Layout.UploadSession(id));
            Tree.Write("bytes", _engine.Layout.UploadData(id));
        }

        await _engine.ReopenAsync();
        Assert.Equal([good.Id], _engine.Uploads.Enumerate().Select(session => session.Id));
        Assert.Equal([good.Id.ToString()], Directory.EnumerateFileSystemEntries(uploads).Select(Path.GetFileName));
    }

    [Fact]
    public async Task What_is_not_the_registrys_is_left_alone()
    {
        Tree.Write("x", _engine.Layout.Uploads, "not-an-id", "file");
        await _engine.ReopenAsync();
        Assert.Empty(_engine.Uploads.Enumerate());
        Assert.Single(Tree.List(_engine.Layout.Uploads));
    }

    [Fact]
    public async Task Bytes_that_reached_the_file_count_even_if_the_server_was_killed_before_it_said_so()
    {
        var session = await _engine.Uploads.CreateAsync(App, null, DigestAlgorithm.Sha256);
        await AppendAsync(session.Id, "hel");
        File.AppendAllText(_engine.Layout.UploadData(session.Id), "lo");
        await _engine.ReopenAsync();
        Assert.Equal(5, (await _engine.Uploads.FindAsync(session.Id))?.Length);
        await using var upload = await _engine.Uploads.TryAcquireAsync(session.Id);
        Assert.True(await upload!.MatchesAsync(Samples.Digest("hello")));
    }

    [Fact]
    public async Task After_a_failure_nothing_is_written_and_everything_is_read()
    {
        await _engine.Blobs.PutAsync(Samples.Digest("before"), Samples.Text("before"));
        var session = await _engine.Uploads.CreateAsync(App, null, DigestAlgorithm.Sha256);
        await AppendAsync(session.Id, "hello");
        _engine.Health.Fail("the disk is gone");

        await Assert.ThrowsAsync<StorageException>(() => _engine.Blobs.PutAsync(Samples.Digest("after"), Samples.Text("after")));
        await Assert.ThrowsAsync<StorageException>(() => _engine.Uploads.CreateAsync(App, null, DigestAlgorithm.Sha256));
        await Assert.ThrowsAsync<StorageException>(() => AppendAsync(session.Id, "more"));
        await using (var upload = await _engine.Uploads.TryAcquireAsync(session.Id))
        {
            await Assert.ThrowsAsync<StorageException>(() => upload!.CommitAsync(Samples.Digest("hello")));
        }

        Assert.Equal(Samples.Text("before"), await _engine.Blobs.ReadAsync(Samples.Digest("before")));
        Assert.Equal([Samples.Digest("before")], _engine.Blobs.Enumerate());
        Assert.Equal(5, (await _engine.Uploads.FindAsync(session.Id))?.Length);
    }

    [Fact]
    public async Task A_blob_folder_that_cannot_be_made_fails_the_push_and_the_next_one_works()
    {
        var shard = _engine.Layout.BlobShard(Samples.Digest("hello"));
        Tree.Write("a file where a folder must go", shard);
        await Assert.ThrowsAsync<StorageException>(() => _engine.Blobs.PutAsync(Samples.Digest("hello"), Samples.Text("hello")));
        Assert.Null(_engine.Health.Failure);
        Assert.Empty(Tree.List(_engine.Layout.Uploads));
        File.Delete(shard);
        await _engine.Blobs.PutAsync(Samples.Digest("hello"), Samples.Text("hello"));
        Assert.Equal(5, await _engine.Blobs.StatAsync(Samples.Digest("hello")));
    }

    [Fact]
    public void Beyond_a_bound_the_hashes_of_idle_uploads_are_dropped_and_begun_again_from_the_file()
    {
        var uploads = new List<UploadState>();
        for (var i = 0; i < 4200; i++)
        {
            var upload = new UploadState(Guid.NewGuid(), App, null, DigestAlgorithm.Sha256, 0, 0);
            Assert.True(upload.TryTake());
            Assert.NotNull(upload.HashOrBegin(DigestAlgorithm.Sha256));
            upload.Length = 1;
            upload.GiveBack(0);
            uploads.Add(upload);
        }

        Assert.InRange(uploads.Count(upload => upload.Hash(DigestAlgorithm.Sha256) is not null), 1, 4096);
        Assert.Null(uploads[^1].HashOrBegin(DigestAlgorithm.Sha256));
        foreach (var upload in uploads)
        {
            Assert.True(upload.TryTake());
            upload.IsOver = true;
            upload.GiveBack(0);
            Assert.Null(upload.Hash(DigestAlgorithm.Sha256));
        }
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private async Task AppendAsync(Guid id, string text)
    {
        await using var upload = await _engine.Uploads.TryAcquireAsync(id);
        await upload!.AppendAsync(Samples.Body(Samples.Text(text)), DigestAlgorithm.Sha256, default);
    }
}
