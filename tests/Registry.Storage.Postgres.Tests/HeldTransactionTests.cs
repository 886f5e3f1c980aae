using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Storage.Contracts;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Tests;

/// <summary>Readers of the changes beside transactions that stay open, for as long as the test wants.</summary>
public sealed class HeldTransactionTests : IAsyncLifetime
{
    private static readonly RepositoryName Late = Samples.Repository("late");
    private static readonly RepositoryName Other = Samples.Repository("other");

    private readonly List<RegistryChange> _followed = [];
    private TestDatabase _database = null!;
    private PostgresDatabase _node = null!;
    private PostgresDatabase _otherNode = null!;
    private RecentChanges _reader = null!;
    private IDisposable _reading = null!;
    private long _begin;
    private long _position;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _node = await PostgresDatabase.OpenAsync(_database.Settings with { LockTimeout = Patience.Limit, IdleTransactionTimeout = TimeSpan.FromSeconds(1) });
        _otherNode = await PostgresDatabase.OpenAsync(_database.Settings with { LockTimeout = Patience.Limit });
        foreach (var repository in new[] { Late, Other })
        {
            Assert.Null(await new PostgresMetadataStore(_node, new FakeTimeProvider(), NoRules.Instance).LinkBlobAsync(repository, Samples.Digest("config"), 6));
        }

        await _otherNode.PassFeedAsync();
        var feed = new PostgresChangeFeed(_otherNode);
        _reader = new RecentChanges(feed, TimeProvider.System, NullLogger<RecentChanges>.Instance);
        _reading = await _reader.BeginAsync();
        _begin = _position = await feed.FindEndAsync();
    }

    [Fact]
    public async Task What_commits_late_is_read_after_what_was_read_before_it_and_holds_up_nothing()
    {
        // A push that has done everything waits in its commit.
        await _database.RunAsync(
            """
            CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER held AFTER INSERT ON changes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.repository = 'late') EXECUTE FUNCTION hold()
            """);
        await using var stop = await HeldTransaction.BeginAsync(_database, "SELECT pg_advisory_xact_lock(42)");
        var late = PushAsync(_node, Late, "late");
        await _database.WaitForWaitersAsync(1);

        // Each push is a manifest and a tag.
        await PushAsync(_node, Other, "one");
        await PushAsync(_otherNode, Other, "two");
        await FollowAsync(4);
        Assert.False(late.IsCompleted);
        await stop.EndAsync();
        await late;
        await PushAsync(_otherNode, Other, "three");
        await FollowAsync(8);

        // Its numbers were given before those of the others, or this would prove nothing.
        Assert.True((bool)(await _database.RunAsync(
            "SELECT (SELECT max(sequence) FROM changes WHERE tag = 'late') < (SELECT min(sequence) FROM changes WHERE tag IN ('one', 'two', 'three'))"))!);
        Assert.Equal(["one", "two"], _followed[..4].Where(change => change.Tag is not null).Select(change => change.Tag!.Value.Value));
        Assert.Equal(["late", "three"], _followed[4..].Where(change => change.Tag is not null).Select(change => change.Tag!.Value.Value).Order());
        Assert.Equal(await new PostgresChangeFeed(_node).ReadAsync(_begin, 100), _followed);
    }

    [Fact]
    public async Task A_process_that_stops_while_it_gives_positions_delays_them_until_the_server_ends_its_transaction()
    {
        var (inside, goesOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        await PushAsync(_otherNode, Other, "one");
        await FollowAsync(2);
        var pass = _node.WriteAsync<bool>(async session =>
        {
            FeedRows.Lock(session);
            FeedRows.GivePositions(session);
            await session.SendAsync();
            inside.TrySetResult();
            await goesOn.Task;
            return true;
        });
        await inside.Task;

        await PushAsync(_otherNode, Other, "two");
        await FollowAsync(4);

        goesOn.SetResult();
        Assert.True((await pass).Value);
        await PushAsync(_node, Other, "three");
        await FollowAsync(6);
        Assert.Equal(await new PostgresChangeFeed(_node).ReadAsync(_begin, 100), _followed);
    }

    [Fact]
    public async Task A_lock_of_an_operator_delays_the_changes_and_loses_none()
    {
        await using var stop = await HeldTransaction.BeginAsync(_database, "LOCK TABLE changes IN SHARE MODE");
        var pushes = new[] { PushAsync(_node, Late, "one"), PushAsync(_otherNode, Other, "two") };
        await Eventually.HoldsAsync(async () => await _database.CountWaitersAsync() >= 2, "both pushes wait");
        await stop.EndAsync();

        await Task.WhenAll(pushes);
        await FollowAsync(4);
        Assert.Equal(await new PostgresChangeFeed(_node).ReadAsync(_begin, 100), _followed);
    }

    public async ValueTask DisposeAsync()
    {
        _reading.Dispose();
        await _reader.DisposeAsync();
        await _node.DisposeAsync();
        await _otherNode.DisposeAsync();
        await _database.DisposeAsync();
    }

    private static async Task PushAsync(PostgresDatabase node, RepositoryName repository, string tag)
    {
        var image = Samples.Image("config", [], note: $"{repository} {tag}");
        Assert.Null((await new PostgresMetadataStore(node, new FakeTimeProvider(), NoRules.Instance).PutManifestAsync(Samples.Put(repository, image, tag))).Error);
    }

    // As endpoints do: on from the position, as soon as there is something.
    private Task FollowAsync(int count) => Eventually.HoldsAsync(
        async () =>
        {
            var page = await _reader.ReadAsync(_position, 3);
            _followed.AddRange(page.Changes);
            _position = page.End;
            return _followed.Count >= count;
        },
        $"{count} changes are read");
}
