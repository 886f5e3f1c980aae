using System.Net;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Uploads.Sessions;
using Registry.Storage.Contracts;

namespace Registry.Storage.Postgres.Tests;

/// <summary>Upload sessions on two nodes that share a database.</summary>
public sealed class SharedUploadSessionsTests : IAsyncLifetime
{
    private static readonly RepositoryName App = Samples.Repository("team/app");
    private static readonly ClientNetwork Here = ClientNetwork.Of(IPAddress.Parse("192.0.2.1"));
    private static readonly ClientNetwork There = ClientNetwork.Of(IPAddress.Parse("198.51.100.1"));
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private TestDatabase _database = null!;
    private PostgresDatabase _node = null!;
    private PostgresDatabase _otherNode = null!;
    private PostgresUploadSessions _sessions = null!;
    private PostgresUploadSessions _other = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _node = await PostgresDatabase.OpenAsync(_database.Settings);
        _otherNode = await PostgresDatabase.OpenAsync(_database.Settings);
        (_sessions, _other) = (new PostgresUploadSessions(_node), new PostgresUploadSessions(_otherNode));
    }

    [Fact]
    public async Task A_session_that_no_request_uses_goes_to_any_node_and_each_time_has_a_new_generation()
    {
        var session = await AddAsync();
        for (var generation = 2; generation < 6; generation++)
        {
            var node = generation % 2 == 0 ? _other : _sessions;
            var acquired = await AcquireAsync(node, session.Id);
            Assert.Equal(session with { Generation = generation, Position = acquired.Session.Position }, acquired.Session);
            Assert.True(await node.ReleaseAsync(acquired.Session.Lease, 100 * generation, null));
            Assert.Equal(100 * generation, (await _sessions.FindAsync(session.Id))?.Length);
        }

        Assert.Null(await _sessions.AcquireAsync(Guid.NewGuid(), default));
        Assert.Null(await _sessions.FindAsync(Guid.NewGuid()));
    }

    [Fact]
    public async Task A_session_that_a_request_uses_goes_to_no_other_node_that_runs()
    {
        var session = await AddAsync();
        var acquired = await AcquireAsync(_sessions, session.Id);
        Assert.Null(await _other.AcquireAsync(session.Id, default));
        Assert.Equal(acquired.Session.Generation, (await _other.FindAsync(session.Id))?.Session.Generation);

        Assert.True(await _sessions.ReleaseAsync(acquired.Session.Lease, 7, new byte[] { 1, 2 }));
        var next = await AcquireAsync(_other, session.Id);
        Assert.Equal(7, next.Session.Position);
        Assert.Equal([1, 2], next.Session.HashState!.Value.ToArray());
    }

    [Fact]
    public async Task The_bytes_are_taken_over_when_another_node_may_have_changed_them_or_the_row_may_be_behind()
    {
        var session = await AddAsync();

        // Nothing was received.
        var first = await AcquireAsync(_other, session.Id);
        Assert.False(first.MustTakeOver);
        await _other.ReleaseAsync(first.Session.Lease, 10, null);

        // The same node goes on.
        var second = await AcquireAsync(_other, session.Id);
        Assert.False(second.MustTakeOver);

        // It has not released it: its request has ended without.
        var third = await AcquireAsync(_other, session.Id);
        Assert.True(third.MustTakeOver);
        await _other.ReleaseAsync(third.Session.Lease, 10, null);
        Assert.True((await AcquireAsync(_sessions, session.Id)).MustTakeOver);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_of_a_node_that_has_ended_goes_to_the_next_one(bool cleanly)
    {
        var session = await AddAsync();
        var lost = await AcquireAsync(_sessions, session.Id);
        var ended = _node;
        _node = await PostgresDatabase.OpenAsync(_database.Settings);
        if (cleanly)
        {
            await ended.DisposeAsync();
        }
        else
        {
            await ended.AbandonAsync();
            Assert.Null(await _other.AcquireAsync(session.Id, default));
            await _database.FreezeAsync(ended.Process);
        }

        var taken = await AcquireAsync(_other, session.Id);
        Assert.True(taken.MustTakeOver);
        Assert.Equal(lost.Session.Generation + 1, taken.Session.Generation);
    }

    [Fact]
    public async Task A_node_that_has_lost_a_session_while_its_request_went_on_changes_nothing_of_it()
    {
        var (session, blob) = (await AddAsync(), Samples.Digest("blob"));
        var lost = (await AcquireAsync(_sessions, session.Id)).Session.Lease;
        await _database.FreezeAsync(_node.Process);
        var taken = (await AcquireAsync(_other, session.Id)).Session.Lease;
        Assert.True(await _other.ReleaseAsync(taken, 50, null));

        Assert.False(await _sessions.ReleaseAsync(lost, 9, null));
        Assert.False(await _sessions.SaveAsync(lost, 9, null));
        Assert.False(await _sessions.RemoveAsync(lost));
        var metadata = new PostgresMetadataStore(_node, new FakeTimeProvider(), NoRules.Instance);
        Assert.Same(RegistryErrorCode.UploadTakenOver, (await metadata.LinkBlobAsync(App, blob, 4, lost))?.Code);
        Assert.Null(await metadata.FindBlobAsync(App, blob));
        Assert.Equal(50, (await _other.FindAsync(session.Id))?.Length);
        Assert.Equal(taken.Generation + 1, (await AcquireAsync(_other, session.Id)).Session.Generation);
    }

    [Fact]
    public async Task Of_many_requests_on_two_nodes_one_acquires_a_session()
    {
        for (var round = 0; round < 10; round++)
        {
            var session = await AddAsync();

            // Within a node, one request at a time asks.
            var acquired = await Task.WhenAll(new[] { _sessions, _other }.Select(node => Task.Run(() => node.AcquireAsync(session.Id, default))));
            var one = Assert.Single(acquired, found => found is not null);
            Assert.Equal(2, one!.Value.Session.Generation);
        }
    }

    [Fact]
    public async Task Idle_times_count_in_the_clock_of_the_database_from_the_last_release_on()
    {
        var session = await AddAsync();
        await AdvanceAsync(Minute);
        Assert.Equal(Minute, (await _sessions.FindAsync(session.Id))?.IdleFor);
        Assert.Equal(session.Id, Assert.Single(await _other.ListAsync(Minute)).Session.Id);
        Assert.Empty(await _other.ListAsync(Minute + TimeSpan.FromSeconds(1)));
        Assert.Null(await _other.AcquireAsync(session.Id, Minute + TimeSpan.FromSeconds(1)));

        var used = await _other.AcquireAsync(session.Id, Minute);
        await AdvanceAsync(Minute);
        Assert.Equal(TimeSpan.Zero, (await _sessions.FindAsync(session.Id))?.IdleFor);
        Assert.Empty(await _sessions.ListAsync(Minute));
        Assert.Single(await _sessions.ListAsync(TimeSpan.Zero));

        await _other.ReleaseAsync(used!.Value.Session.Lease, 1, null);
        await AdvanceAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.FromSeconds(5), (await _sessions.FindAsync(session.Id))?.IdleFor);
        Assert.Null(await _sessions.AcquireAsync(session.Id, Minute));
    }

    [Fact]
    public async Task Sessions_of_all_nodes_are_listed_in_the_order_of_their_ids()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add((await AddAsync()).Id);
        }

        ids.Sort();
        Assert.Equal(ids[..3], (await _other.ListAsync(Guid.Empty, 3)).Select(upload => upload.Session.Id));
        Assert.Equal(ids[3..], (await _sessions.ListAsync(ids[2], 3)).Select(upload => upload.Session.Id));
        Assert.Empty(await _sessions.ListAsync(ids[4], 3));
    }

    [Fact]
    public async Task A_session_whose_node_has_ended_in_a_request_is_idle_since_its_last_release()
    {
        var session = await AddAsync();
        await AcquireAsync(_sessions, session.Id);
        await AdvanceAsync(Minute);
        Assert.Empty(await _other.ListAsync(Minute));
        await _database.FreezeAsync(_node.Process);
        Assert.Equal(Minute, Assert.Single(await _other.ListAsync(Minute)).IdleFor);
        Assert.NotNull(await _other.AcquireAsync(session.Id, Minute));
    }

    [Fact]
    public async Task The_session_that_gives_way_is_the_oldest_without_a_byte_of_the_holder_or_of_one_with_more()
    {
        var (alice, bob, anonymous) = (UploadHolder.Of("alice", Here), UploadHolder.Of("bob", Here), UploadHolder.Of(null, There));
        var oldest = await AddAsync("alice");
        await AdvanceAsync(TimeSpan.FromSeconds(1));
        var next = await AddAsync("alice", There);
        var elsewhere = await AddAsync(null, There);
        Assert.Null(await FindEmptyAsync(alice, ofHolder: true));
        await AdvanceAsync(Minute - TimeSpan.FromSeconds(1));

        Assert.Equal(oldest.Id, await FindEmptyAsync(alice, ofHolder: true));
        Assert.Null(await FindEmptyAsync(bob, ofHolder: true));
        Assert.Equal(oldest.Id, await FindEmptyAsync(bob, ofHolder: false));
        await AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(elsewhere.Id, await FindEmptyAsync(anonymous, ofHolder: true));
        Assert.Equal(next.Id, await FindEmptyAsync(bob, ofHolder: false, There));

        // In use, or with bytes.
        var used = await AcquireAsync(_sessions, oldest.Id);
        Assert.Equal(next.Id, await FindEmptyAsync(alice, ofHolder: true));
        await _sessions.ReleaseAsync(used.Session.Lease, 1, null);
        await AdvanceAsync(Minute);
        Assert.Equal(next.Id, await FindEmptyAsync(alice, ofHolder: false));
    }

    [Fact]
    public async Task Of_many_that_begin_on_two_nodes_at_once_exactly_as_many_are_added_as_may_be()
    {
        var shares = new UploadShares(30);
        var added = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(
            async () => await (i % 2 == 0 ? _sessions : _other).AddAsync(NewSession($"user {i}", ClientNetwork.Unknown), shares) is null)));
        Assert.Equal(30, added.Count(isAdded => isAdded));
        Assert.Equal(30, (await _other.ListAsync(TimeSpan.Zero)).Count);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _otherNode.DisposeAsync();
        await _database.DisposeAsync();
    }

    private static StoredUploadSession NewSession(string? owner, ClientNetwork? network = null) =>
        new(Guid.NewGuid(), App, owner, network ?? Here, DigestAlgorithm.Sha256);

    private static async Task<AcquiredSession> AcquireAsync(PostgresUploadSessions node, Guid id)
    {
        var acquired = await node.AcquireAsync(id, default);
        Assert.NotNull(acquired);
        return acquired.Value;
    }

    private async Task<StoredUploadSession> AddAsync(string? owner = "alice", ClientNetwork? network = null)
    {
        var session = NewSession(owner, network);
        Assert.Null(await _sessions.AddAsync(session, new UploadShares(1000)));
        return session;
    }

    private Task<Guid?> FindEmptyAsync(UploadHolder holder, bool ofHolder, ClientNetwork? within = null) =>
        _other.FindEmptyAsync(holder, ofHolder, within, Minute);

    private async Task AdvanceAsync(TimeSpan time) => await _database.RunAsync($"UPDATE clock SET seconds = seconds + {(long)time.TotalSeconds}");
}
