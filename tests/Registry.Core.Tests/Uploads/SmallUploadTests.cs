using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Uploads;

/// <summary>Place of the bytes of a small upload before they are durable: in memory until their request ends, or in a file after a PATCH.</summary>
public sealed class SmallUploadTests
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly byte[] Content = Samples.Bytes(1, 1000);
    private static readonly Digest Digest = Samples.Digest(Content);

    [Fact]
    public async Task One_PUT_after_a_POST_writes_no_file_and_ends_the_session()
    {
        await using var storage = await TestStorage.CreateAsync();
        var session = await BeginAsync(storage);

        Assert.Null(await CompleteAsync(storage, session, Digest, Content));

        Assert.Empty(Files(storage));
        Assert.Null(await storage.Storage.Uploads.FindAsync(session.Id));
        await AssertStoredAsync(storage);
        await storage.ReopenAsync(cleanly: false);
        Assert.Null(await storage.Storage.Uploads.FindAsync(session.Id));
        await AssertStoredAsync(storage);
    }

    [Fact]
    public async Task A_PUT_with_another_digest_keeps_nothing_and_the_session_goes_on()
    {
        await using var storage = await TestStorage.CreateAsync();
        var session = await BeginAsync(storage);

        Assert.Same(RegistryErrorCode.DigestMismatch, (await CompleteAsync(storage, session, Digest, Samples.Bytes(2, 1000)))?.Code);

        Assert.Equal(0, (await storage.Storage.Uploads.FindAsync(session.Id))?.Length);
        Assert.Empty(Files(storage));
        Assert.Equal(0, storage.Storage.Staged.Weight);
        Assert.Null(await AppendAsync(storage, session, 0, Content[..400]));
        Assert.Null(await CompleteAsync(storage, session, Digest, Content[400..], position: 400));
        await AssertStoredAsync(storage);
        Assert.Empty(Files(storage));
    }

    [Fact]
    public async Task A_PATCH_survives_a_kill_and_the_PUT_that_follows_leaves_no_file()
    {
        await using var storage = await TestStorage.CreateAsync();
        var session = await BeginAsync(storage);
        Assert.Null(await AppendAsync(storage, session, 0, Content));
        Assert.Equal(Content, await File.ReadAllBytesAsync(Assert.Single(Files(storage))));

        await storage.ReopenAsync(cleanly: false);

        Assert.Equal(Content.Length, (await storage.Storage.Uploads.FindAsync(session.Id))?.Length);
        Assert.Null(await CompleteAsync(storage, session, Digest, [], position: Content.Length));
        Assert.Empty(Files(storage));
        await AssertStoredAsync(storage);
        Assert.NotNull(await storage.Storage.Staged.FindAsync(Digest));
    }

    [Fact]
    public async Task A_PUT_that_is_refused_keeps_what_a_PATCH_has_brought()
    {
        await using var storage = await TestStorage.CreateAsync();
        var session = await BeginAsync(storage);
        Assert.Null(await AppendAsync(storage, session, 0, Content));

        Assert.Same(RegistryErrorCode.DigestMismatch, (await CompleteAsync(storage, session, Digest, [1], position: Content.Length))?.Code);

        Assert.Equal(Content.Length, (await storage.Storage.Uploads.FindAsync(session.Id))?.Length);
        Assert.Null(await CompleteAsync(storage, session, Digest, [], position: Content.Length));
        await AssertStoredAsync(storage);
    }

    [Fact]
    public async Task A_commit_that_fails_leaves_the_session_as_it_was()
    {
        await using var storage = await TestStorage.CreateAsync();
        var session = await BeginAsync(storage);
        Assert.Null(await AppendAsync(storage, session, 0, Content));
        storage.Storage.Health.Fail("a test");

        await Assert.ThrowsAsync<StorageException>(() => CompleteAsync(storage, session, Digest, [], position: Content.Length));

        Assert.Equal(Content.Length, (await storage.Storage.Uploads.FindAsync(session.Id))?.Length);
        await storage.ReopenAsync(cleanly: false);
        Assert.Equal(Content.Length, (await storage.Storage.Uploads.FindAsync(session.Id))?.Length);
        Assert.Null(await CompleteAsync(storage, session, Digest, [], position: Content.Length));
        await AssertStoredAsync(storage);
    }

    [Fact]
    public async Task A_push_in_one_request_that_is_refused_keeps_nothing()
    {
        await using var storage = await TestStorage.CreateAsync();
        var refused = await storage.Uploads.PushAsync(A, Digest, null, Samples.Body(Samples.Bytes(2, 1000)), default);
        Assert.Same(RegistryErrorCode.DigestMismatch, refused.Error?.Code);
        Assert.Empty(Files(storage));
        Assert.Null(await storage.Storage.Blobs.StatAsync(Digest));
        await storage.PushBlobAsync(A, Content);
        await AssertStoredAsync(storage);
    }

    private static async Task<UploadSession> BeginAsync(TestStorage storage) =>
        (await storage.Uploads.BeginAsync(A, null, DigestAlgorithm.Sha256)).Value;

    private static async Task<RegistryError?> AppendAsync(TestStorage storage, UploadSession session, long position, byte[] chunk) =>
        (await storage.Uploads.AppendAsync(A, null, session.Id, new ChunkPlace { Position = position, Length = chunk.Length }, Samples.Body(chunk), default)).Error;

    private static async Task<RegistryError?> CompleteAsync(TestStorage storage, UploadSession session, Digest digest, byte[] chunk, long position = 0) =>
        (await storage.Uploads.CompleteAsync(A, null, session.Id, digest, new ChunkPlace { Position = position, Length = chunk.Length }, Samples.Body(chunk), default)).Error;

    private static async Task AssertStoredAsync(TestStorage storage)
    {
        Assert.True(await storage.SeesBlobAsync(A, Digest));
        Assert.Equal(Content, await storage.Storage.Blobs.ReadAsync(Digest));
    }

    private static IEnumerable<string> Files(TestStorage storage) => Directory.EnumerateFileSystemEntries(storage.Paths.Uploads);
}
