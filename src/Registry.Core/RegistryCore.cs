using Microsoft.Extensions.Logging;
using Registry.Core.Activity;
using Registry.Core.Blobs;
using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.History;
using Registry.Core.Indexing;
using Registry.Core.Inventory;
using Registry.Core.Inventory.Names;
using Registry.Core.Listings;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Policies.Explanation;
using Registry.Core.Policies.Retention;
using Registry.Core.Promises;
using Registry.Core.Repositories;
using Registry.Core.Signatures;
using Registry.Core.Space;
using Registry.Core.Trash;
using Registry.Core.Uploads;
using Registry.Core.Verification;

namespace Registry.Core;

/// <summary>
/// Composition of the core: the operations of the protocol, the collector, the verifier and the expiry of uploads, on the ports of a storage.
/// Server, commands and tests use it. It starts nothing by itself.
/// </summary>
public sealed class RegistryCore
{
    private readonly Func<bool> _isReadOnly;

    /// <summary>Composes the core.</summary>
    /// <param name="storage">Ports of the storage, which must outlive the core.</param>
    /// <param name="settings">Settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    public RegistryCore(StoragePorts storage, CoreSettings settings, TimeProvider time, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(storage);
        ArgumentNullException.ThrowIfNull(settings);
        _isReadOnly = settings.IsReadOnly;
        Metadata = new IndexedMetadataStore(storage.Metadata, storage.Indexer);
        Sweep = CreateSweep(storage, settings, loggers);
        Grace = new GracePeriod(storage.Clock, settings.Grace);
        Forecast = new CollectionForecast(Grace);
        Pause = new CollectionPause(storage.Clock, Grace, settings.IsReadOnly, storage.IsShared, storage.CollectorMetadata.PausedUntil);
        var promises = new ContentPromises(Metadata, Grace, Pause, storage.Faults, loggers.CreateLogger<ContentPromises>());
        Plan = new CollectionPlan(storage.CollectorMetadata, storage.Blobs, Sweep, Grace);
        Collector = new GarbageCollector(
            storage.CollectorMetadata,
            storage.Blobs,
            CreateSweep(storage, settings, loggers),
            Grace,
            Pause,
            Plan,
            settings.CollectorOrigin,
            new TrashExpiry(storage.CollectorMetadata, settings.Trash, loggers.CreateLogger<TrashExpiry>()),
            time,
            loggers.CreateLogger<GarbageCollector>());
        Verifier = CreateVerifier(storage, settings, settings.VerifyBytesPerSecond, time, loggers);
        FastVerifier = CreateVerifier(storage, settings, Pace.Unlimited, time, loggers);
        UploadExpiry = new UploadExpiry(storage.Uploads, settings.UploadTimeout, loggers.CreateLogger<UploadExpiry>());
        var damaged = new DamagedContent(storage.Faults, loggers.CreateLogger<DamagedContent>());
        Blobs = new BlobOperations(storage.Contents, Metadata, promises, damaged);
        Uploads = new UploadOperations(storage.Uploads, storage.Blobs, storage.Contents, Metadata, settings.Limits, time);
        Manifests = new ManifestOperations(
            storage.Blobs,
            storage.Staging,
            storage.Contents,
            Metadata,
            promises,
            settings.References,
            settings.Limits,
            damaged,
            keepsDeleted: settings.Trash > TimeSpan.Zero);
        Inspection = new ContentInspection(storage.Contents, Metadata);
        RequiredSignatures = new RequiredSignatures(settings.Policies, Metadata, storage.Inventory, Inspection);
        PolicyExplanations = new PolicyExplanations(settings.Policies, storage.Policies, Metadata, RequiredSignatures);
        Lists = new ListOperations(Metadata, settings.DefaultPageSize, settings.MaxPageSize);
        Referrers = new ReferrerOperations(Metadata);
        History = new HistoryOperations(storage.History, Metadata, settings.DefaultPageSize, settings.MaxPageSize);
        News = new ActivityNews(storage.Changes, loggers.CreateLogger<ActivityNews>());
        Changes = new RecentChanges(storage.Changes, time, loggers.CreateLogger<RecentChanges>());
        Activity = new ActivityOperations(storage.Activity, settings.DefaultPageSize, settings.MaxPageSize);
        var trash = new TrashReader(storage.Trash, storage.Contents);
        Rollbacks = new RollbackOperations(storage.History, Metadata, Manifests, trash);
        Trash = new TrashOperations(storage.Trash, Metadata, new GracePeriod(storage.Clock, settings.Trash), settings.DefaultPageSize, settings.MaxPageSize);
        Restores = new RestoreOperations(trash, Metadata, Manifests);
        Eraser = new ContentEraser(storage.CollectorMetadata, storage.Blobs, time, loggers.CreateLogger<ContentEraser>());
        Purges = new PurgeOperations(Trash, storage.Trash, Eraser);
        TrashRelief = new TrashRelief(storage.Trash, storage.CollectorMetadata, Collector, settings.CollectorOrigin, loggers.CreateLogger<TrashRelief>());
        Repositories = new RepositoryOperations(storage.Repositories, Metadata, settings.Trash);
        RepositoryRestores = new RepositoryRestoreOperations(Repositories, storage.Trash, storage.History, Metadata, Restores);
        SpaceRounds = new SpaceRounds(
            storage.Space,
            async () => (await storage.Uploads.ListAsync()).Sum(upload => upload.Length),
            storage.Clock,
            settings.SpacePeriod,
            time,
            loggers.CreateLogger<SpaceRounds>());
        Inventory = new InventoryOperations(
            storage.Inventory, Metadata, new PlatformReader(storage.Contents, Metadata), Forecast, settings.DefaultPageSize, settings.MaxPageSize);
        ManifestNames = new ManifestNames(storage.Inventory);
        Pulls = new PullRecorder(storage.Retention, settings.Policies, settings.IsReadOnly, time, loggers.CreateLogger<PullRecorder>());
        Retention = new RetentionOperations(
            storage.Retention,
            Metadata,
            storage.Trash,
            Pulls,
            settings.Policies,
            settings.ChangeRules,
            Grace,
            keepsDeleted: settings.Trash > TimeSpan.Zero,
            time,
            loggers.CreateLogger<RetentionOperations>());
        Space = new SpaceOperations(storage.Space, Metadata, storage.Activity, SpaceRounds, time, settings.DefaultPageSize, settings.MaxPageSize);
    }

    /// <summary>True while the registry must not be changed.</summary>
    public bool IsReadOnly => _isReadOnly();

    /// <summary>Metadata that operations use: complete, or growing from an existing tree.</summary>
    public IMetadataStore Metadata { get; }

    /// <summary>Blobs of repositories.</summary>
    public BlobOperations Blobs { get; }

    /// <summary>Uploads of blobs.</summary>
    public UploadOperations Uploads { get; }

    /// <summary>Manifests and tags.</summary>
    public ManifestOperations Manifests { get; }

    /// <summary>Manifests and configs for people.</summary>
    public ContentInspection Inspection { get; }

    /// <summary>Rules about pulls of images without a signature.</summary>
    public RequiredSignatures RequiredSignatures { get; }

    /// <summary>Explanations of the rules about repositories.</summary>
    public PolicyExplanations PolicyExplanations { get; }

    /// <summary>Listings of tags and repositories.</summary>
    public ListOperations Lists { get; }

    /// <summary>Listings of referrers.</summary>
    public ReferrerOperations Referrers { get; }

    /// <summary>History of tags.</summary>
    public HistoryOperations History { get; }

    public ActivityOperations Activity { get; }

    /// <summary>What happens from now on. It ends before the storage does.</summary>
    public ActivityNews News { get; }

    /// <summary>Changes for those who follow them. Its reading ends before the storage does.</summary>
    public RecentChanges Changes { get; }

    /// <summary>Rollbacks of tags.</summary>
    public RollbackOperations Rollbacks { get; }

    /// <summary>Listings of deleted manifests, and their purge from the metadata.</summary>
    public TrashOperations Trash { get; }

    /// <summary>Restores of deleted manifests.</summary>
    public RestoreOperations Restores { get; }

    /// <summary>Purges of deleted manifests with their bytes.</summary>
    public PurgeOperations Purges { get; }

    /// <summary>Removes bytes that nothing needs any more, at once.</summary>
    public ContentEraser Eraser { get; }

    /// <summary>Purges deleted manifests while the disk is short of room.</summary>
    public TrashRelief TrashRelief { get; }

    /// <summary>Renames and deletions of whole repositories.</summary>
    public RepositoryOperations Repositories { get; }

    /// <summary>Restores of whole repositories that were deleted.</summary>
    public RepositoryRestoreOperations RepositoryRestores { get; }

    /// <summary>Lists of repositories and tags.</summary>
    public InventoryOperations Inventory { get; }

    /// <summary>Tags of manifests.</summary>
    public ManifestNames ManifestNames { get; }

    /// <summary>Figures of the space.</summary>
    public SpaceOperations Space { get; }

    /// <summary>Computation of the space.</summary>
    public SpaceRounds SpaceRounds { get; }

    /// <summary>Records the last pulls of manifests.</summary>
    public PullRecorder Pulls { get; }

    /// <summary>Runs the rules about retention.</summary>
    public RetentionOperations Retention { get; }

    /// <summary>Search for bytes that the metadata does not know, for one person who asks at a time. The collector has a search of its own, which goes on meanwhile.</summary>
    public UnknownBlobSweep Sweep { get; }

    /// <summary>Grace period of content that nothing needs.</summary>
    public GracePeriod Grace { get; }

    /// <summary>What the collection will remove when.</summary>
    public CollectionForecast Forecast { get; }

    /// <summary>Pause of the collection.</summary>
    public CollectionPause Pause { get; }

    /// <summary>Previews and explanations of the collection.</summary>
    public CollectionPlan Plan { get; }

    /// <summary>Garbage collector.</summary>
    public GarbageCollector Collector { get; }

    /// <summary>Verifier of stored content.</summary>
    public Verifier Verifier { get; }

    /// <summary>The same, as fast as the storage allows.</summary>
    public Verifier FastVerifier { get; }

    /// <summary>Expiry of idle uploads.</summary>
    public UploadExpiry UploadExpiry { get; }

    private static UnknownBlobSweep CreateSweep(StoragePorts storage, CoreSettings settings, ILoggerFactory loggers) => new(
        storage.Blobs, storage.CollectorMetadata, storage.Links, storage.Threads, storage.Clock, settings.Grace, loggers.CreateLogger<UnknownBlobSweep>());

    private static Verifier CreateVerifier(StoragePorts storage, CoreSettings settings, long bytesPerSecond, TimeProvider time, ILoggerFactory loggers) => new(
        new BlobInspector(
            storage.Scrubber,
            storage.Staged,
            storage.Quarantine,
            storage.VerifierMetadata,
            storage.Blobs,
            new Pace(bytesPerSecond, time),
            loggers.CreateLogger<BlobInspector>()),
        storage.VerifierMetadata,
        storage.Clock,
        settings.VerifyPeriod,
        time,
        loggers.CreateLogger<Verifier>());
}
