using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Errors;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Policies;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Core.Verification;
using Registry.Files;
using Registry.Storage.Files;
using Registry.Storage.Files.Space;
using Registry.Storage.Files.Tree;
using Registry.Storage.Sqlite;

namespace Registry.Storage;

/// <summary>A data folder in use: its stores and their maintenance. Only one process at a time can use it.</summary>
public sealed class RegistryStorage : IAsyncDisposable
{
    private const int FileThreads = 16;

    // Together half of the memory that an idle server may use. That is some ten thousand cached results, and the manifests and configs of some
    // thousand images.
    private const int MetadataCacheSize = 16 * 1024 * 1024;
    private const int ContentCacheSize = 16 * 1024 * 1024;

    private readonly DataFolder _folder;
    private readonly StorageThreads _threads;
    private readonly SqliteDatabase _database;
    private readonly FileStorage _files;
    private readonly FileFollowers _followers;

    private RegistryStorage(
        DataFolder folder,
        SqliteDatabase database,
        StorageThreads threads,
        StorageHealth health,
        StorageLimits limits,
        TimeProvider time,
        ILoggerFactory loggers,
        bool writesOut,
        StorageMetrics? metrics,
        IChangeRules rules)
    {
        _folder = folder;
        _database = database;
        _threads = threads;
        Health = health;
        Faults = new RecurringFaults(time, loggers.CreateLogger<RecurringFaults>());
        var staged = new SqliteStagedContent(_database);
        Staged = staged;
        _files = new FileStorage(folder.Paths, staged, threads, health, limits, Faults, time, loggers, metrics);
        Uploads = new UploadStore(
            _files.UploadBytes, new SqliteUploadSessions(_database), Staging, limits, time, loggers.CreateLogger<UploadStore>());
        Contents = new ContentCache(Blobs, time, ContentCacheSize, metrics);
        var cache = new MetadataCache(MetadataCacheSize, metrics);
        Metadata = cache.Decorate(new SqliteMetadataStore(_database, time, rules));
        CollectorMetadata = cache.Decorate(new SqliteCollectorMetadata(_database, time, rules));
        VerifierMetadata = cache.Decorate(new SqliteVerifierMetadata(_database), Contents.Forget);
        Listing = new SqliteMetadataListing(_database);
        IndexTarget = cache.Decorate(new SqliteIndexTarget(_database, time));
        Indexer = new TreeIndexer(Tree, IndexTarget, threads, loggers.CreateLogger<TreeIndexer>());

        Changes = new SqliteChangeFeed(_database);

        // Last, because they start to work at once.
        _followers = new FileFollowers(_files, Changes, Listing, VerifierMetadata, writesOut, time, loggers);
        Ports = new StoragePorts
        {
            Blobs = Blobs,
            Contents = Contents,
            Staged = Staged,
            Staging = Staging,
            Uploads = Uploads,
            Metadata = Metadata,
            CollectorMetadata = CollectorMetadata,
            VerifierMetadata = VerifierMetadata,
            Scrubber = Scrub,
            Quarantine = StagedQuarantine,
            Links = _files.Links,
            Indexer = Indexer,
            Threads = _threads,
            Faults = Faults,
            Clock = Clock,
        };
    }

    /// <summary>Ports for the core.</summary>
    public StoragePorts Ports { get; }

    public IBlobStore Blobs => _files.Blobs;

    /// <summary>Blobs for pulls.</summary>
    public ContentCache Contents { get; }

    /// <summary>Small content whose bytes are in the metadata.</summary>
    public IStagedContent Staged { get; }

    /// <summary>Admits small content into the metadata.</summary>
    public Staging Staging => _files.Staging;

    public UploadStore Uploads { get; }

    public IMetadataStore Metadata { get; }

    public ICollectorMetadata CollectorMetadata { get; }

    public IVerifierMetadata VerifierMetadata { get; }

    /// <summary>Blobs for the verifier.</summary>
    public IBlobScrubber Scrub => _files.Scrub;

    /// <summary>Takes damaged rows out of the metadata.</summary>
    public IStagedQuarantine StagedQuarantine => _followers.Quarantine;

    public StorageHealth Health { get; }

    /// <summary>Faults that recur with each request, for everything that uses the storage.</summary>
    public RecurringFaults Faults { get; }

    public IGraceClock Clock => _database.Clock;

    /// <summary>Repositories tree, from which the metadata can be rebuilt.</summary>
    public TreeReader Tree => _files.Tree;

    /// <summary>Fills the metadata from the tree.</summary>
    public TreeIndexer Indexer { get; }

    public IIndexTarget IndexTarget { get; }

    /// <summary>Changes of the repositories.</summary>
    public IChangeFeed Changes { get; }

    /// <summary>Metadata for the comparison with the tree.</summary>
    public IMetadataListing Listing { get; }

    /// <summary>The engine of files.</summary>
    internal FileStorage Files => _files;

    /// <summary>Threads for blocking work on the folder.</summary>
    public StorageThreads Threads => _threads;

    /// <summary>Paths of the folder.</summary>
    public DataPaths Paths => _folder.Paths;

    /// <summary>True while pushes are refused because the disk is full up to its reserve.</summary>
    public Task<bool> IsShortOfRoomAsync() => _files.IsShortOfRoomAsync();

    /// <summary>Free bytes on the disk, and the bytes that pushes must leave free.</summary>
    /// <exception cref="IOException">The free space cannot be read.</exception>
    public (long Free, long Kept) ReadRoom() => _files.ReadRoom();

    /// <summary>Reason why the tree is behind the metadata; null if it is not.</summary>
    public string? TreeFailure => _followers.TreeFailure;

    /// <summary>Reason why the files of small content are behind the metadata; null if they are not.</summary>
    public string? StagedFailure => _followers.StagedFailure;

    /// <summary>True if the tree, or the files of small content, are behind the metadata.</summary>
    public bool IsBehind => TreeFailure is not null || StagedFailure is not null;

    /// <summary>
    /// Number of small blobs and manifests that only the metadata has, once the storage is closed; null if they cannot be read, or if the storage
    /// was opened to leave them there.
    /// </summary>
    public long? LeftStaged => _followers.LeftStaged;

    /// <summary>True if the last process that used the folder was killed or crashed.</summary>
    public bool WasStoppedUncleanly => _database.WasStoppedUncleanly;

    /// <summary>Reads the totals of the storage.</summary>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    public Task<StorageTotals> ReadTotalsAsync() => _database.ReadTotalsAsync();

    /// <summary>Opens the data folder of an existing registry. Creates nothing if there is none.</summary>
    /// <inheritdoc cref="Open"/>
    /// <exception cref="StorageException">The folder cannot be used or holds no registry; the message is for the operator.</exception>
    public static RegistryStorage OpenExisting(
        string path, IChangeRules rules, TimeProvider time, ILoggerFactory loggers, StorageLimits? limits = null, bool writesOut = true)
    {
        DataFolder.RequireRegistry(path);
        return Open(path, rules, time, loggers, limits, writesOut);
    }

    /// <summary>Opens a data folder, and creates what is missing.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="rules">Rules about changes. Every caller that may change content or tags passes those of the settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="limits">Limits; null for the defaults.</param>
    /// <param name="writesOut">
    /// True to write small content that only the metadata has to its files. False for a preview, which must leave damaged rows where they are.
    /// </param>
    /// <param name="metrics">Metrics; null for none.</param>
    /// <exception cref="StorageException">The folder cannot be used; the message is for the operator.</exception>
    public static RegistryStorage Open(
        string path,
        IChangeRules rules,
        TimeProvider time,
        ILoggerFactory loggers,
        StorageLimits? limits = null,
        bool writesOut = true,
        StorageMetrics? metrics = null)
    {
        try
        {
            return OpenFolder(path, rules, limits ?? new StorageLimits(), time, loggers, writesOut, metrics);
        }
        catch (StorageException e) when (e.IsFull && StorageBallast.Remove(new DataPaths(path).Ballast))
        {
            return OpenFolder(path, rules, limits ?? new StorageLimits(), time, loggers, writesOut, metrics);
        }
    }

    /// <summary>Opens a snapshot that <see cref="StorageReader.CopyMetadataAsync"/> has made, and upgrades one of an older version.</summary>
    /// <param name="path">File of the snapshot.</param>
    /// <param name="isChecked">True to check the whole snapshot for damage.</param>
    /// <exception cref="StorageException">The snapshot does not exist, is damaged, or a later version wrote it.</exception>
    public static IMetadataSnapshot OpenSnapshot(string path, bool isChecked = true) => SqliteSnapshot.Open(path, isChecked);

    /// <summary>Tests that the folder can be written.</summary>
    /// <exception cref="StorageException">The folder cannot be written.</exception>
    public Task TryWriteAsync() => _threads.RunAsync(_folder.TryWrite);

    /// <summary>Writes all small content that only the metadata has to its files.</summary>
    /// <exception cref="StorageException">Content could not be written, and is still in the metadata only.</exception>
    public Task WriteOutAsync() => _followers.WriteOutAsync();

    /// <summary>Writes small content to its files, and brings the tree up to date. Nothing may change any more.</summary>
    /// <param name="cutOff">Ends the work, and the next start continues.</param>
    public ValueTask FinishAsync(CancellationToken cutOff) => _followers.StopAsync(cutOff);

    /// <summary>Writes small content to its files, brings the tree up to date, closes the metadata, and releases the folder for other processes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _followers.DisposeAsync();
        Faults.Dispose();
        Close(_database, _threads, _folder);
    }

    private static RegistryStorage OpenFolder(
        string path, IChangeRules rules, StorageLimits limits, TimeProvider time, ILoggerFactory loggers, bool writesOut, StorageMetrics? metrics)
    {
        var folder = DataFolder.Open(path);
        SqliteDatabase? database = null;
        StorageThreads? threads = null;
        try
        {
            var ballast = new StorageBallast(folder.Paths.Ballast, FileOwner.Inherit);
            var health = new StorageHealth(loggers.CreateLogger<StorageHealth>(), ballast);

            // SQLite takes an empty file for a new database, and creates its other files with the same owner and mode.
            FileOwner.CreateFile(folder.Paths.Database);
            database = SqliteDatabase.Open(folder.Paths.Database, health, time, metrics);
            ballast.TryHold();
            DurableFile.SyncDirectory(folder.Paths.Root);
            threads = new StorageThreads("storage", FileThreads);
            return new RegistryStorage(folder, database, threads, health, limits, time, loggers, writesOut, metrics, rules);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Close(database, threads, folder);
            throw new StorageException($"cannot be used: {IoFault.Reason(e, path)}", e);
        }
        catch
        {
            Close(database, threads, folder);
            throw;
        }
    }

    // Releases the folder in any case.
    private static void Close(SqliteDatabase? database, StorageThreads? threads, DataFolder folder)
    {
        try
        {
            database?.Dispose();
        }
        finally
        {
            threads?.Dispose();
            folder.Dispose();
        }
    }
}
