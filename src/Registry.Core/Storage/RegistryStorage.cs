using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Core.Collection;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.SmallContent;
using Registry.Core.Storage.FileSystem;
using Registry.Core.Storage.FileSystem.Blobs;
using Registry.Core.Storage.FileSystem.SmallContent;
using Registry.Core.Storage.FileSystem.Tree;
using Registry.Core.Storage.FileSystem.Uploads;
using Registry.Core.Storage.Sqlite;
using Registry.Core.Storage.Sqlite.Rows;
using Registry.Core.Uploads;
using Registry.Core.Verification;

namespace Registry.Core.Storage;

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
    private readonly TreeMirror _mirror;
    private readonly StagedFiles _stagedFiles;
    private readonly StagedMirror? _stagedMirror;
    private readonly DiskReserve _reserve;

    private RegistryStorage(
        DataFolder folder,
        SqliteDatabase database,
        StorageThreads threads,
        StorageHealth health,
        StorageLimits limits,
        TimeProvider time,
        ILoggerFactory loggers,
        bool writesOut)
    {
        _folder = folder;
        _database = database;
        _threads = threads;
        Health = health;
        var layout = folder.Layout;
        var sync = new CheckedSync(Health);
        var placement = new BlobPlacement(layout, sync);
        _reserve = new DiskReserve(layout.Root, limits.Reserve, time);
        var admission = new Admission(_threads, Health, _reserve);
        var staged = new SqliteStagedContent(_database);
        Staged = staged;
        Staging = new Staging(staged, admission.EnsureRoomAsync);
        Blobs = new StagedBlobStore(new FileSystemBlobStore(layout, _threads, placement, sync, admission), staged);
        Contents = new ContentCache(Blobs, time, ContentCacheSize);
        Uploads = new FileSystemUploadStore(
            layout,
            new SqliteUploadSessions(_database),
            new UploadFiles(_threads, placement, admission, Staging, limits.BlobMaxSize),
            limits.MaxUploads,
            time,
            loggers.CreateLogger<FileSystemUploadStore>());
        var cache = new MetadataCache(MetadataCacheSize);
        Metadata = new CachedMetadataStore(new SqliteMetadataStore(_database, time), cache);
        CollectorMetadata = new CachedCollectorMetadata(new SqliteCollectorMetadata(_database), cache);
        VerifierMetadata = new CachedVerifierMetadata(new SqliteVerifierMetadata(_database), cache, Contents.Forget);
        Scrub = new BlobScrub(layout, _threads, sync);
        StagedQuarantine = new StagedQuarantine(layout, _threads, sync, staged, VerifierMetadata);
        var treeLog = loggers.CreateLogger<TreeReader>();
        Tree = new TreeReader(layout, finding => TreeFindings.LogFinding(treeLog, finding));
        Listing = new SqliteMetadataListing(_database);
        IndexTarget = new CachedIndexTarget(new SqliteIndexTarget(_database, time), cache);
        Indexer = new TreeIndexer(Tree, IndexTarget, _threads, loggers.CreateLogger<TreeIndexer>());
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
            Links = new TreeLinks(layout),
            Indexer = Indexer,
            Locks = Locks,
            Threads = _threads,
            Clock = Clock,
        };

        _stagedFiles = new StagedFiles(
            layout, staged, placement, StagedQuarantine, Locks, _threads, Health, loggers.CreateLogger<StagedFiles>());

        // Last, because they start to work at once.
        _stagedMirror = writesOut ? new StagedMirror(staged, _stagedFiles, time, loggers.CreateLogger<StagedMirror>()) : null;
        _mirror = new TreeMirror(layout, new SqliteTreeJournal(_database), _threads, time, loggers.CreateLogger<TreeMirror>());
    }

    /// <summary>Ports for the core.</summary>
    public StoragePorts Ports { get; }

    public IBlobStore Blobs { get; }

    /// <summary>Blobs for pulls.</summary>
    public ContentCache Contents { get; }

    /// <summary>Small content whose bytes are in the metadata.</summary>
    public IStagedContent Staged { get; }

    /// <summary>Admits small content into the metadata.</summary>
    public Staging Staging { get; }

    public IUploadStore Uploads { get; }

    public IMetadataStore Metadata { get; }

    public ICollectorMetadata CollectorMetadata { get; }

    public IVerifierMetadata VerifierMetadata { get; }

    /// <summary>Blobs for the verifier.</summary>
    public BlobScrub Scrub { get; }

    /// <summary>Takes damaged rows out of the metadata.</summary>
    public StagedQuarantine StagedQuarantine { get; }

    /// <summary>Serializes storing and removing the bytes of the same digest.</summary>
    public DigestLocks Locks { get; } = new();

    public StorageHealth Health { get; }

    public RunningClock Clock => _database.Clock;

    /// <summary>Repositories tree, from which the metadata can be rebuilt.</summary>
    public TreeReader Tree { get; }

    /// <summary>Fills the metadata from the tree.</summary>
    public TreeIndexer Indexer { get; }

    public IIndexTarget IndexTarget { get; }

    /// <summary>Metadata for the comparison with the tree.</summary>
    public IMetadataListing Listing { get; }

    /// <summary>Threads for blocking work on the folder.</summary>
    public StorageThreads Threads => _threads;

    /// <summary>Paths of the folder.</summary>
    public FileSystemLayout Layout => _folder.Layout;

    /// <summary>True while pushes are refused because the disk is full up to its reserve.</summary>
    public Task<bool> IsShortOfRoomAsync() => _threads.RunAsync(() => _reserve.Ask() is not null);

    /// <summary>Free bytes on the disk, and the bytes that pushes must leave free.</summary>
    /// <exception cref="IOException">The free space cannot be read.</exception>
    public (long Free, long Kept) ReadRoom() => _reserve.Read();

    /// <summary>Reason why the tree, or the files of small content, are behind the metadata; null if they are not.</summary>
    public string? TreeFailure => _mirror.Failure ?? _stagedMirror?.Failure;

    /// <summary>
    /// Number of small blobs and manifests that only the metadata has, once the storage is closed; null if they cannot be read, or if the storage
    /// was opened to leave them there.
    /// </summary>
    public long? LeftStaged => _stagedMirror?.Left;

    /// <summary>True if the last process that used the folder was killed or crashed.</summary>
    public bool WasStoppedUncleanly => _database.WasStoppedUncleanly;

    /// <summary>Reads the totals of the storage.</summary>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    public Task<StorageTotals> ReadTotalsAsync() => _database.ReadAsync(ContentRows.ReadTotals);

    /// <summary>Opens the data folder of an existing registry. Creates nothing if there is none.</summary>
    /// <inheritdoc cref="Open"/>
    /// <exception cref="StorageException">The folder cannot be used or holds no registry; the message is for the operator.</exception>
    public static RegistryStorage OpenExisting(string path, TimeProvider time, ILoggerFactory loggers, StorageLimits? limits = null, bool writesOut = true)
    {
        DataFolder.RequireRegistry(path);
        return Open(path, time, loggers, limits, writesOut);
    }

    /// <summary>Opens a data folder, and creates what is missing.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="limits">Limits; null for the defaults.</param>
    /// <param name="writesOut">
    /// True to write small content that only the metadata has to its files. False for a preview, which must leave damaged rows where they are.
    /// </param>
    /// <exception cref="StorageException">The folder cannot be used; the message is for the operator.</exception>
    public static RegistryStorage Open(string path, TimeProvider time, ILoggerFactory loggers, StorageLimits? limits = null, bool writesOut = true)
    {
        try
        {
            return OpenFolder(path, limits ?? new StorageLimits(), time, loggers, writesOut);
        }
        catch (StorageException e) when (e.IsFull && StorageBallast.Remove(new FileSystemLayout(path).Ballast))
        {
            return OpenFolder(path, limits ?? new StorageLimits(), time, loggers, writesOut);
        }
    }

    /// <summary>Tests that the folder can be written.</summary>
    /// <exception cref="StorageException">The folder cannot be written.</exception>
    public Task TryWriteAsync() => _threads.RunAsync(_folder.TryWrite);

    /// <summary>Writes all small content that only the metadata has to its files.</summary>
    /// <exception cref="StorageException">Content could not be written, and is still in the metadata only.</exception>
    public Task WriteOutAsync() => _stagedFiles.WriteOutAsync(int.MaxValue, CancellationToken.None);

    /// <summary>Writes small content to its files, brings the tree up to date, closes the metadata, and releases the folder for other processes.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stagedMirror is not null)
        {
            await _stagedMirror.DisposeAsync();
        }

        await _mirror.DisposeAsync();
        Close(_database, _threads, _folder);
    }

    private static RegistryStorage OpenFolder(string path, StorageLimits limits, TimeProvider time, ILoggerFactory loggers, bool writesOut)
    {
        var folder = DataFolder.Open(path);
        SqliteDatabase? database = null;
        StorageThreads? threads = null;
        try
        {
            var ballast = new StorageBallast(folder.Layout.Ballast, FileOwner.Inherit);
            var health = new StorageHealth(loggers.CreateLogger<StorageHealth>(), ballast);

            // SQLite takes an empty file for a new database, and creates its other files with the same owner and mode.
            FileOwner.CreateFile(folder.Layout.Database);
            database = SqliteDatabase.Open(folder.Layout.Database, health, new RunningClock(time));
            ballast.TryHold();
            DurableFile.SyncDirectory(folder.Layout.Root);
            threads = new StorageThreads("storage", FileThreads);
            return new RegistryStorage(folder, database, threads, health, limits, time, loggers, writesOut);
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
