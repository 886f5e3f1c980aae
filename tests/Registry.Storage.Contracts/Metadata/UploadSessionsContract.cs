using Registry.Core.Oci;
using Registry.Core.Uploads;

namespace Registry.Storage.Contracts.Metadata;

/// <summary>Contract of <see cref="IUploadSessions"/>, together with its metadata.</summary>
public abstract class UploadSessionsContract(IMetadataEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("team/a");

    private IUploadSessions Sessions => engine.Sessions;

    public static TheoryData<string?, string> Owners => new()
    {
        { "alice", "sha256" },
        { null, "sha256" },
        { "", "sha512" },
        { "Émile 'o' Zola; DROP TABLE uploads", "sha512" },
    };

    [Fact]
    public void There_are_none_at_first() => Assert.Empty(Sessions.Load());

    [Theory]
    [MemberData(nameof(Owners))]
    public async Task What_was_added_is_loaded_with_all_that_it_has(string? owner, string algorithm)
    {
        var session = Session() with { Owner = owner, Algorithm = DigestAlgorithm.Find(algorithm)! };
        await Sessions.AddAsync(session);
        Assert.Equal([session], Sessions.Load());
    }

    [Fact]
    public async Task What_was_removed_is_not_loaded_and_removing_it_again_is_no_fault()
    {
        var (kept, removed) = (Session(), Session());
        await Sessions.AddAsync(kept);
        await Sessions.AddAsync(removed);
        await Sessions.RemoveAsync(removed.Id);
        await Sessions.RemoveAsync(removed.Id);
        await Sessions.RemoveAsync(Guid.NewGuid());
        Assert.Equal([kept], Sessions.Load());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task They_survive_the_end_of_the_process(bool cleanly)
    {
        var session = Session();
        await Sessions.AddAsync(session);
        await engine.ReopenAsync(cleanly);
        Assert.Equal([session], Sessions.Load());
        await Sessions.RemoveAsync(session.Id);
        await engine.ReopenAsync(cleanly);
        Assert.Empty(Sessions.Load());
    }

    [Fact]
    public async Task A_session_ends_in_the_transaction_that_links_its_blob()
    {
        var (ended, other) = (Session(), Session());
        await Sessions.AddAsync(ended);
        await Sessions.AddAsync(other);
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("blob"), 4, ended.Id);
        Assert.Equal([other], Sessions.Load());
        Assert.Equal(4, await engine.Metadata.FindSizeAsync(A, Samples.Digest("blob")));
    }

    [Fact]
    public async Task Many_are_added_and_removed_at_once()
    {
        var sessions = Enumerable.Range(0, 200).Select(_ => Session()).ToList();
        await Task.WhenAll(sessions.Select(session => Task.Run(() => Sessions.AddAsync(session))));
        await Task.WhenAll(sessions[..100].Select(session => Task.Run(() => Sessions.RemoveAsync(session.Id))));
        Assert.Equal(sessions[100..].ToHashSet(), Sessions.Load().ToHashSet());
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private static StoredUploadSession Session() => new(Guid.NewGuid(), A, "alice", DigestAlgorithm.Sha256);
}
