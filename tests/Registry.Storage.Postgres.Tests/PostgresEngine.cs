using Microsoft.Extensions.Time.Testing;
using Registry.Core.Access.Sessions;
using Registry.Core.Activity;
using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Events;
using Registry.Core.History;
using Registry.Core.Indexing;
using Registry.Core.Inventory;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Policies;
using Registry.Core.Policies.Retention;
using Registry.Core.Repositories;
using Registry.Core.SmallContent;
using Registry.Core.Space;
using Registry.Core.Storage;
using Registry.Core.Trash;
using Registry.Core.Uploads.Sessions;
using Registry.Core.Verification;
using Registry.Storage.Contracts;
using Registry.Storage.Postgres.Access;
using Registry.Storage.Postgres.Activity;
using Registry.Storage.Postgres.Events;
using Registry.Storage.Postgres.Inventory;
using Registry.Storage.Postgres.Mirroring;
using Registry.Storage.Postgres.Policies;
using Registry.Storage.Postgres.Retention;
using Registry.Storage.Postgres.Rows;
using Registry.Storage.Postgres.SmallContent;

namespace Registry.Storage.Postgres.Tests;

/// <summary>Metadata in a database of its own.</summary>
internal sealed class PostgresEngine : IMetadataEngine
{
    private readonly FakeTimeProvider _time = new();
    private readonly TestDatabase _database;

    // The constructors of the suites cannot wait.
    public PostgresEngine()
    {
        _database = Task.Run(() => TestDatabase.CreateAsync()).GetAwaiter().GetResult();
        Open(Task.Run(() => PostgresDatabase.OpenAsync(_database.Settings)).GetAwaiter().GetResult());
    }

    public ContractRules Rules { get; } = new();

    public PostgresDatabase Database { get; private set; }

    public IMetadataStore Metadata { get; private set; }

    public ICollectorMetadata Collector { get; private set; }

    public IVerifierMetadata Verifier { get; private set; }

    public IChangeFeed Feed { get; private set; }

    public ITagHistory History { get; private set; }

    public IActivity Activity { get; private set; }

    public ITrash Trash { get; private set; }

    public IRepositories Repositories { get; private set; }

    public ISpaceMetadata Space { get; private set; }

    public IInventory Inventory { get; private set; }

    public IMirrorMetadata Mirror { get; private set; }

    public IRetentionMetadata Retention { get; private set; }

    public IPolicyMetadata Policies { get; private set; }

    public IEventDeliveries Events { get; private set; }

    public IWebSessionStore WebSessions { get; private set; }

    public IIndexTarget IndexTarget { get; private set; }

    public IUploadSessions Sessions { get; private set; }

    public IStagedContent Staged { get; private set; }

    public IMetadataListing Listing { get; private set; }

    public IGraceClock Clock => Database.Clock;

    public long UnixTime => _time.GetUtcNow().ToUnixTimeSeconds();

    public long SyncedCommits => Database.SyncedCommits;

    public Task<StorageTotals> ReadTotalsAsync() => Database.ReadTotalsAsync();

    public Task SettleFeedAsync() => Database.PassFeedAsync();

    public async Task AdvanceAsync(TimeSpan time)
    {
        _time.Advance(time);
        await Database.WriteAsync(session => session.Queue("UPDATE clock SET seconds = seconds + $1", (long)time.TotalSeconds));
        await Database.ReadAsync(async session =>
        {
            var now = ClockRows.Read(session);
            await session.SendAsync();
            Database.CountedClock.Observe(now[0]);
            return true;
        });
    }

    public async Task ReopenAsync(bool cleanly = true)
    {
        if (cleanly)
        {
            await Database.DisposeAsync();
        }
        else
        {
            // Its lease ends after a while.
            await Database.AbandonAsync();
            await _database.RunAsync("UPDATE processes SET alive_until = now()");
        }

        Open(await PostgresDatabase.OpenAsync(_database.Settings));
    }

    /// <summary>Runs a statement on a connection of its own.</summary>
    /// <returns>The first column of the first row.</returns>
    public Task<object?> RunAsync(string sql) => _database.RunAsync(sql);

    public Task<IMetadataSnapshot> TakeSnapshotAsync() => throw new NotSupportedException("A backup of the database is a dump.");

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        await _database.DisposeAsync();
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(
        nameof(Database), nameof(Metadata), nameof(Collector), nameof(Verifier), nameof(Feed), nameof(History), nameof(Activity), nameof(Trash), nameof(Repositories), nameof(Space), nameof(Inventory), nameof(Mirror), nameof(Retention), nameof(Policies), nameof(Events), nameof(WebSessions), nameof(IndexTarget), nameof(Sessions), nameof(Staged), nameof(Listing))]
    private void Open(PostgresDatabase database)
    {
        Database = database;
        Metadata = new PostgresMetadataStore(database, _time, Rules);
        Collector = new PostgresCollectorMetadata(database, _time, Rules);
        Verifier = new PostgresVerifierMetadata(database);
        Feed = new PostgresChangeFeed(database);
        History = new PostgresTagHistory(database);
        Activity = new PostgresActivity(database);
        Trash = new PostgresTrash(database, _time);
        Repositories = new PostgresRepositories(database, _time, Rules);
        Space = new PostgresSpaceMetadata(database);
        Inventory = new PostgresInventory(database);
        Mirror = new PostgresMirror(database, _time);
        Retention = new PostgresRetention(database, _time, Rules);
        Policies = new PostgresPolicyMetadata(database);
        Events = new PostgresEventDeliveries(database);
        WebSessions = new PostgresWebSessions(database);
        IndexTarget = new PostgresIndexTarget(database, _time);
        Sessions = new PostgresUploadSessions(database);
        Staged = new PostgresStagedContent(database);
        Listing = new PostgresMetadataListing(database);
    }
}
