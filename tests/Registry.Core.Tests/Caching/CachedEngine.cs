using Registry.Core.Access.Sessions;
using Registry.Core.Activity;
using Registry.Core.Caching;
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

namespace Registry.Core.Tests.Caching;

/// <summary>Metadata in SQLite behind the cache, composed as in a registry.</summary>
internal sealed class CachedEngine : IMetadataEngine
{
    private readonly SqliteEngine _sqlite = new();

    public CachedEngine() => Open();

    /// <summary>Store behind the cache.</summary>
    public IMetadataStore Store => _sqlite.Metadata;

    public MetadataCache Cache { get; private set; }

    public IMetadataStore Metadata { get; private set; }

    public ITrash Trash { get; private set; }

    public IRepositories Repositories { get; private set; }

    public ICollectorMetadata Collector { get; private set; }

    public IVerifierMetadata Verifier { get; private set; }

    public IChangeFeed Feed => _sqlite.Feed;

    public ITagHistory History => _sqlite.History;

    public IActivity Activity => _sqlite.Activity;

    public ISpaceMetadata Space => _sqlite.Space;

    public IInventory Inventory => _sqlite.Inventory;

    public IMirrorMetadata Mirror { get; private set; }

    public IRetentionMetadata Retention { get; private set; }

    public IPolicyMetadata Policies => _sqlite.Policies;

    public IEventDeliveries Events => _sqlite.Events;

    public IWebSessionStore WebSessions => _sqlite.WebSessions;

    public IIndexTarget IndexTarget { get; private set; }

    public ContractRules Rules => _sqlite.Rules;

    public IUploadSessions Sessions => _sqlite.Sessions;

    public IStagedContent Staged => _sqlite.Staged;

    public IMetadataListing Listing => _sqlite.Listing;

    public IGraceClock Clock => _sqlite.Clock;

    public long SyncedCommits => _sqlite.SyncedCommits;

    public long UnixTime => _sqlite.UnixTime;

    public Task<StorageTotals> ReadTotalsAsync() => _sqlite.ReadTotalsAsync();

    public Task SettleFeedAsync() => _sqlite.SettleFeedAsync();

    public Task AdvanceAsync(TimeSpan time) => _sqlite.AdvanceAsync(time);

    public async Task ReopenAsync(bool cleanly = true)
    {
        await _sqlite.ReopenAsync(cleanly);
        Open();
    }

    public Task<IMetadataSnapshot> TakeSnapshotAsync() => _sqlite.TakeSnapshotAsync();

    public ValueTask DisposeAsync() => _sqlite.DisposeAsync();

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(Cache), nameof(Metadata), nameof(Trash), nameof(Repositories), nameof(Mirror), nameof(Retention), nameof(Collector), nameof(Verifier), nameof(IndexTarget))]
    private void Open()
    {
        Cache = new MetadataCache(1024 * 1024);
        Metadata = new CachedMetadataStore(_sqlite.Metadata, Cache);
        Trash = new CachedTrash(_sqlite.Trash, Cache);
        Repositories = new CachedRepositories(_sqlite.Repositories, Cache);
        Mirror = new CachedMirror(_sqlite.Mirror, Cache);
        Retention = new CachedRetention(_sqlite.Retention, Cache);
        Collector = new CachedCollectorMetadata(_sqlite.Collector, Cache);
        Verifier = new CachedVerifierMetadata(_sqlite.Verifier, Cache, () => { });
        IndexTarget = new CachedIndexTarget(_sqlite.IndexTarget, Cache);
    }
}
