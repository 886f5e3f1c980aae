using Microsoft.Extensions.Logging.Abstractions;
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
using Registry.Storage.Sqlite;
using Registry.Storage.Sqlite.Access;
using Registry.Storage.Sqlite.Activity;
using Registry.Storage.Sqlite.Events;
using Registry.Storage.Sqlite.Inventory;
using Registry.Storage.Sqlite.Mirroring;
using Registry.Storage.Sqlite.Policies;
using Registry.Storage.Sqlite.Retention;

namespace Registry.Storage.Testing;

/// <summary>Metadata in a database file of its own.</summary>
internal sealed class SqliteEngine : IMetadataEngine
{
    private readonly TemporaryFolder _folder = new(isInMemory: true);
    private readonly FakeTimeProvider _time = new();

    public SqliteEngine() => Open();

    public string Path => System.IO.Path.Combine(_folder.Path, "registry.db");

    public ContractRules Rules { get; } = new();

    public StorageHealth Health { get; private set; }

    public SqliteDatabase Database { get; private set; }

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

    public long SyncedCommits => Database.SyncedCommits;

    public long UnixTime => _time.GetUtcNow().ToUnixTimeSeconds();

    public Task<StorageTotals> ReadTotalsAsync() => Database.ReadTotalsAsync();

    public Task SettleFeedAsync() => Task.CompletedTask;

    public Task AdvanceAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }

    public Task ReopenAsync(bool cleanly = true)
    {
        if (!cleanly)
        {
            // A database that has failed is not marked as closed, as after a kill.
            Health.Fail("killed");
        }

        Database.Dispose();
        Open();
        return Task.CompletedTask;
    }

    public async Task<IMetadataSnapshot> TakeSnapshotAsync()
    {
        var path = $"{Path}-{Guid.NewGuid()}";
        await Database.CopyAsync(path);
        return SqliteSnapshot.Open(path);
    }

    public ValueTask DisposeAsync()
    {
        Database.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(
        nameof(Health), nameof(Database), nameof(Metadata), nameof(Collector), nameof(Verifier), nameof(Feed), nameof(History), nameof(Activity), nameof(Trash), nameof(Repositories), nameof(Space), nameof(Inventory), nameof(Mirror), nameof(Retention), nameof(Policies), nameof(Events), nameof(WebSessions), nameof(IndexTarget), nameof(Sessions),
        nameof(Staged), nameof(Listing))]
    private void Open()
    {
        Health = new StorageHealth(NullLogger<StorageHealth>.Instance);
        Database = SqliteDatabase.Open(Path, Health, _time);
        Metadata = new SqliteMetadataStore(Database, _time, Rules);
        Collector = new SqliteCollectorMetadata(Database, _time, Rules);
        Verifier = new SqliteVerifierMetadata(Database);
        Feed = new SqliteChangeFeed(Database);
        History = new SqliteTagHistory(Database);
        Activity = new SqliteActivity(Database);
        Trash = new SqliteTrash(Database, _time);
        Repositories = new SqliteRepositories(Database, _time, Rules);
        Space = new SqliteSpaceMetadata(Database);
        Inventory = new SqliteInventory(Database);
        Mirror = new SqliteMirror(Database, _time);
        Retention = new SqliteRetention(Database, _time, Rules);
        Policies = new SqlitePolicyMetadata(Database);
        Events = new SqliteEventDeliveries(Database, _time);
        WebSessions = new SqliteWebSessions(Database);
        IndexTarget = new SqliteIndexTarget(Database, _time);
        Sessions = new SqliteUploadSessions(Database);
        Staged = new SqliteStagedContent(Database);
        Listing = new SqliteMetadataListing(Database);
    }
}
