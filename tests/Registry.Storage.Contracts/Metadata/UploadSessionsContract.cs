using System.Net;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Uploads.Sessions;

namespace Registry.Storage.Contracts.Metadata;

/// <summary>Contract of <see cref="IUploadSessions"/>, together with its metadata.</summary>
public abstract class UploadSessionsContract(IMetadataEngine engine) : IAsyncDisposable
{
    private const int Max = 1000;

    private static readonly RepositoryName A = Samples.Repository("team/a");
    private static readonly ClientNetwork Here = ClientNetwork.Of(IPAddress.Parse("192.0.2.1"));
    private static readonly UploadShares Shares = new(Max);

    private IUploadSessions Sessions => engine.Sessions;

    public static TheoryData<string?, string?, string> Owners => new()
    {
        { "alice", "192.0.2.1", "sha256" },
        { null, "2001:db8::1", "sha256" },
        { null, null, "sha256" },
        { "", null, "sha512" },
        { "Émile 'o' Zola; DROP TABLE uploads", "192.0.2.1", "sha512" },
    };

    [Fact]
    public void There_are_none_at_first() => Assert.Empty(Sessions.TakeOver());

    [Theory]
    [MemberData(nameof(Owners))]
    public async Task What_was_added_is_loaded_with_all_that_it_has(string? owner, string? address, string algorithm)
    {
        var network = address is null ? ClientNetwork.Unknown : ClientNetwork.Of(IPAddress.Parse(address));
        var session = Session(owner) with { Network = network, Algorithm = DigestAlgorithm.Find(algorithm)! };
        await AddAsync(session);
        Assert.Equal([session], Sessions.TakeOver());
        await engine.ReopenAsync();
        Assert.Equal([session with { Generation = 2 }], Sessions.TakeOver());
    }

    [Fact]
    public async Task What_was_removed_is_not_loaded_and_removing_it_again_is_no_fault()
    {
        var (kept, removed) = (Session(), Session());
        await AddAsync(kept);
        await AddAsync(removed);
        Assert.True(await Sessions.RemoveAsync(removed.Lease));
        Assert.False(await Sessions.RemoveAsync(removed.Lease));
        Assert.False(await Sessions.RemoveAsync(new UploadLease(Guid.NewGuid(), 1)));
        Assert.Equal([kept], Sessions.TakeOver());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task They_survive_the_end_of_the_process(bool cleanly)
    {
        var session = Session();
        await AddAsync(session);
        await engine.ReopenAsync(cleanly);
        var taken = Assert.Single(Sessions.TakeOver());
        Assert.Equal(session with { Generation = 2 }, taken);
        Assert.True(await Sessions.RemoveAsync(taken.Lease));
        await engine.ReopenAsync(cleanly);
        Assert.Empty(Sessions.TakeOver());
    }

    [Fact]
    public async Task Each_process_that_takes_a_session_over_has_a_generation_of_its_own()
    {
        await AddAsync(Session());
        for (var generation = 2; generation < 5; generation++)
        {
            await engine.ReopenAsync(cleanly: generation % 2 == 0);
            Assert.Equal(generation, Assert.Single(Sessions.TakeOver()).Generation);
            Assert.Equal(generation, Assert.Single(Sessions.TakeOver()).Generation);
        }
    }

    [Fact]
    public async Task What_was_saved_is_loaded()
    {
        var session = Session();
        await AddAsync(session);
        Assert.True(await Sessions.SaveAsync(session.Lease, 5_000_000_000, new byte[] { 1, 0, 255 }));
        await engine.ReopenAsync(cleanly: false);

        var taken = Assert.Single(Sessions.TakeOver());
        Assert.Equal(5_000_000_000, taken.Position);
        Assert.Equal([1, 0, 255], taken.HashState!.Value.ToArray());
        Assert.True(await Sessions.SaveAsync(taken.Lease, 7, hashState: null));
        await engine.ReopenAsync();
        Assert.Equal(session with { Generation = 3, Position = 7 }, Assert.Single(Sessions.TakeOver()));
    }

    [Fact]
    public async Task A_process_whose_session_was_taken_over_changes_nothing_of_it()
    {
        var (session, blob) = (Session(), Samples.Digest("blob"));
        await AddAsync(session);
        await engine.ReopenAsync();
        var taken = Assert.Single(Sessions.TakeOver());

        Assert.False(await Sessions.SaveAsync(session.Lease, 9, hashState: null));
        Assert.False(await Sessions.RemoveAsync(session.Lease));
        Assert.Equal(RegistryErrorCode.UploadTakenOver, (await engine.Metadata.LinkBlobAsync(A, blob, 4, session.Lease))?.Code);
        Assert.Null(await engine.Metadata.FindBlobAsync(A, blob));
        Assert.Equal([taken], Sessions.TakeOver());

        // Nor does it get the place of the session for a new one.
        Assert.NotNull(await Sessions.AddAsync(Session("bob"), new UploadShares(1), session.Lease));
        Assert.Null(await engine.Metadata.LinkBlobAsync(A, blob, 4, taken.Lease));
        Assert.Empty(Sessions.TakeOver());
    }

    [Fact]
    public async Task A_session_ends_in_the_transaction_that_links_its_blob()
    {
        var (ended, other) = (Session(), Session());
        await AddAsync(ended);
        await AddAsync(other);
        Assert.Null(await engine.Metadata.LinkBlobAsync(A, Samples.Digest("blob"), 4, ended.Lease));
        Assert.Equal([other], Sessions.TakeOver());
        Assert.Equal(4, await engine.Metadata.FindSizeAsync(A, Samples.Digest("blob")));

        // A blob whose session has ended already is a blob.
        Assert.Null(await engine.Metadata.LinkBlobAsync(A, Samples.Digest("again"), 5, ended.Lease));
    }

    [Fact]
    public async Task Many_are_added_and_removed_at_once()
    {
        var sessions = Enumerable.Range(0, 200).Select(_ => Session()).ToList();
        await Task.WhenAll(sessions.Select(session => Task.Run(() => AddAsync(session))));
        await Task.WhenAll(sessions[..100].Select(session => Task.Run(() => Sessions.RemoveAsync(session.Lease))));
        Assert.Equal(sessions[100..].ToHashSet(), Sessions.TakeOver().ToHashSet());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_200_that_begin_at_once_exactly_as_many_are_added_as_may_be(bool isRestarted)
    {
        var shares = new UploadShares(50);
        await AddAllAsync(shares, 10, i => Session($"first {i}"));
        if (isRestarted)
        {
            await engine.ReopenAsync(cleanly: false);
            Sessions.TakeOver();
        }

        Assert.Equal(40, await AddAllAsync(shares, 200, i => Session($"user {i}")));
        Assert.Equal(50, Sessions.TakeOver().Count);

        // Places that become free while others begin are taken again, and no other.
        var leases = Sessions.TakeOver().Select(session => session.Lease).Take(20).ToList();
        var added = AddAllAsync(shares, 200, i => Session($"later {i}"));
        await Task.WhenAll(leases.Select(lease => Task.Run(() => Sessions.RemoveAsync(lease))));
        var more = await AddAllAsync(shares, 200, i => Session($"last {i}"));
        Assert.Equal(20, await added + more);
        Assert.Equal(50, Sessions.TakeOver().Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_200_that_a_user_or_a_network_begins_at_once_exactly_its_share_is_added(bool isRestarted)
    {
        var shares = new UploadShares(80);
        Assert.Equal(20, await AddAllAsync(shares, 200, _ => Session("alice")));
        Assert.Equal(16, await AddAllAsync(shares, 200, _ => Session(null) with { Network = Here }));
        if (isRestarted)
        {
            await engine.ReopenAsync();
            Sessions.TakeOver();
        }

        Assert.Equal(0, await AddAllAsync(shares, 10, _ => Session("alice") with { Network = Here }));
        Assert.Equal(0, await AddAllAsync(shares, 10, _ => Session(null) with { Network = Here }));

        // All users of a network together may have as many as are free: 30 of 80, when there are 20 others.
        Assert.Equal(14, await AddAllAsync(shares, 200, i => Session($"user {i}") with { Network = Here }));
        Assert.NotNull(await Sessions.AddAsync(Session("bob") with { Network = Here }, shares));
        Assert.Null(await Sessions.AddAsync(Session("bob"), shares));
    }

    [Fact]
    public async Task A_refused_session_is_told_the_numbers_that_were_counted()
    {
        var shares = new UploadShares(60);
        await AddAllAsync(shares, 30, i => Session($"user {i % 3}") with { Network = Here });
        var refused = await Sessions.AddAsync(Session("user 0") with { Network = Here }, shares);
        Assert.Equal(new UploadCounts(30, 10, 30), refused);
        Assert.True(shares.IsUsedByNetwork(refused!.Value));
        Assert.False(shares.IsUsedByHolder(refused.Value) || shares.IsFull(refused.Value));
    }

    [Fact]
    public async Task A_new_session_takes_the_place_of_one_that_gives_way()
    {
        var shares = new UploadShares(2);
        var (lesser, kept, added) = (Session("alice"), Session("bob"), Session("carol"));
        await AddAsync(lesser);
        await AddAsync(kept);
        Assert.NotNull(await Sessions.AddAsync(added, shares));
        Assert.Null(await Sessions.AddAsync(added, shares, lesser.Lease));
        Assert.Equal(new[] { kept, added }.ToHashSet(), Sessions.TakeOver().ToHashSet());
    }

    [Fact]
    public async Task Every_way_to_end_gives_a_place_back()
    {
        var shares = new UploadShares(3);
        var sessions = new[] { Session(), Session(), Session() };
        foreach (var session in sessions)
        {
            Assert.Null(await Sessions.AddAsync(session, shares));
        }

        Assert.NotNull(await Sessions.AddAsync(Session(), shares));
        await Sessions.RemoveAsync(sessions[0].Lease);
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("blob"), 4, sessions[1].Lease);
        engine.Rules.Blob = _ => new RegistryError(RegistryErrorCode.Denied);
        Assert.NotNull(await engine.Metadata.LinkBlobAsync(A, Samples.Digest("refused"), 4, sessions[2].Lease));
        Assert.Equal(2, await AddAllAsync(shares, 10, _ => Session()));
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private static StoredUploadSession Session(string? owner = "alice") =>
        new(Guid.NewGuid(), A, owner, ClientNetwork.Unknown, DigestAlgorithm.Sha256);

    private async Task AddAsync(StoredUploadSession session) => Assert.Null(await Sessions.AddAsync(session, Shares));

    // Returns the number of those that were added.
    private async Task<int> AddAllAsync(UploadShares shares, int count, Func<int, StoredUploadSession> create)
    {
        var added = await Task.WhenAll(Enumerable.Range(0, count).Select(i => Task.Run(async () => await Sessions.AddAsync(create(i), shares) is null)));
        return added.Count(isAdded => isAdded);
    }
}
