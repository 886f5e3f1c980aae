using Microsoft.Extensions.Logging;
using Registry.Core.Storage.Caching;
using Registry.Core.Storage.FileSystem;
using Registry.Core.Storage.Sqlite;

namespace Registry.Core.Storage;

/// <summary>A data folder in use: its stores, and what keeps them in order. One process at a time.</summary>
public sealed class RegistryStorage : IAsyncDisposable
{
    private const int FileThreads = 16;

    // Together half of what an idle server may take. As answers this is some ten thousand; as content, the manifests and configs of some
    // thousand images.
    private const int MetadataCacheSize = 16 * 1024 * 1024;
    private const int ContentCacheSize = 16 * 1024 * 1024;

    private readonly DataFolder _folder;
    private readonly StorageThreads _threads;
    private readonly SqliteDatabase _database;
    private readonly TreeMirror _mirror;
    private readonly DiskReserve _reserve;

    private RegistryStorage(
        DataFolder folder,
        SqliteDatabase database,
        StorageThreads threads,
        StorageHealth health,
        StorageLimits limits,
        TimeProvider time,
        ILoggerFactory loggers)
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
        Blobs = new FileSystemBlobStore(layout, _threads, placement, sync, admission);
        Contents = new ContentCache(Blobs, time, ContentCacheSize);
        Uploads = new FileSystemUploadStore(
            layout,
            new SqliteUploadSessions(_database),
            new UploadFiles(_threads, placement, admission, limits.BlobMaxSize),
            time,
            loggers.CreateLogger<FileSystemUploadStore>());
        var cache = new MetadataCache(MetadataCacheSize);
        Metadata = new CachedMetadataStore(new SqliteMetadataStore(_database, time), cache);
        CollectorMetadata = new CachedCollectorMetadata(new SqliteCollectorMetadata(_database), cache);
        VerifierMetadata = new CachedVerifierMetadata(new SqliteVerifierMetadata(_database), cache, Contents.Forget);
        Scrub = new BlobScrub(layout, _threads, sync);
        var treeLog = loggers.CreateLogger<TreeReader>();
        Tree = new TreeReader(layout, finding => TreeFindings.LogFinding(treeLog, finding));
        Links = new TreeLinks(layout);
        Listing = new SqliteMetadataListing(_database);
        IndexTarget = new CachedIndexTarget(new SqliteIndexTarget(_database, time), cache);

        // The last, because it begins to work at once.
        _mirror = new TreeMirror(layout, new SqliteTreeJournal(_database), _threads, time, loggers.CreateLogger<TreeMirror>());
    }

    public IBlobStore Blobs { get; }

    /// <summary>The blobs as pulls read them.</summary>
    public ContentCache Contents { get; }

    public IUploadStore Uploads { get; }

    public IMetadataStore Metadata { get; }

    public ICollectorMetadata CollectorMetadata { get; }

    public IVerifierMetadata VerifierMetadata { get; }

    /// <summary>The blobs as the verifier reads them.</summary>
    public BlobScrub Scrub { get; }

    /// <summary>Keeps apart who brings and who removes the bytes of a digest.</summary>
    public DigestLocks Locks { get; } = new();

    public StorageHealth Health { get; }

    public RunningClock Clock => _database.Clock;

    /// <summary>The repositories tree, to fill the metadata from.</summary>
    public TreeReader Tree { get; }

    /// <summary>The links of the repositories tree, to look for those to bytes that the metadata does not know.</summary>
    public TreeLinks Links { get; }

    public IIndexTarget IndexTarget { get; }

    /// <summary>The metadata, to compare the tree with.</summary>
    public IMetadataListing Listing { get; }

    /// <summary>Threads for blocking work on the folder.</summary>
    public StorageThreads Threads => _threads;

    /// <summary>Where everything is.</summary>
    public FileSystemLayout Layout => _folder.Layout;

    /// <summary>True while pushes are refused because the disk is full up to its reserve.</summary>
    public Task<bool> IsShortOfRoomAsync() => _threads.RunAsync(() => _reserve.Ask() is not null);

    /// <summary>What is free on the disk now and what pushes leave of it, in bytes.</summary>
    /// <exception cref="IOException">The disk does not say.</exception>
    public (long Free, long Kept) ReadRoom() => _reserve.Read();

    /// <summary>Why the tree is behind the metadata at the moment; null when it is not.</summary>
    public string? TreeFailure => _mirror.Failure;

    /// <summary>Whether the process that used the folder before was killed or crashed.</summary>
    public bool WasStoppedUncleanly => _database.WasStoppedUncleanly;

    /// <summary>How much there is.</summary>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    public Task<StorageTotals> ReadTotalsAsync() => _database.ReadAsync(ContentRows.ReadTotals);

    /// <summary>Opens the data folder of a registry. Where there is none, nothing is made.</summary>
    /// <exception cref="StorageException">It cannot be used, or there is no registry; the message is for the operator.</exception>
    public static RegistryStorage OpenExisting(string path, TimeProvider time, ILoggerFactory loggers, StorageLimits? limits = null)
    {
        DataFolder.RequireRegistry(path);
        return Open(path, time, loggers, limits);
    }

    /// <summary>Opens a data folder, creating what is missing.</summary>
    /// <exception cref="StorageException">It cannot be used; the message is for the operator.</exception>
    public static RegistryStorage Open(string path, TimeProvider time, ILoggerFactory loggers, StorageLimits? limits = null)
    {
        try
        {
            return OpenFolder(path, limits ?? new StorageLimits(), time, loggers);
        }
        catch (StorageException e) when (e.IsFull && StorageBallast.Remove(new FileSystemLayout(path).Ballast))
        {
            return OpenFolder(path, limits ?? new StorageLimits(), time, loggers);
        }
    }

    /// <summary>Proves that the folder can still be written.</summary>
    /// <exception cref="StorageException">It cannot.</exception>
    public Task TryWriteAsync() => _threads.RunAsync(_folder.TryWrite);

    /// <summary>Brings the tree up to date, closes the metadata, and lets another process use the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        await _mirror.DisposeAsync();
        Close(_database, _threads, _folder);
    }

    private static RegistryStorage OpenFolder(string path, StorageLimits limits, TimeProvider time, ILoggerFactory loggers)
    {
        var folder = DataFolder.Open(path);
        SqliteDatabase? database = null;
        StorageThreads? threads = null;
        try
        {
            var ballast = new StorageBallast(folder.Layout.Ballast, FileOwner.Inherit);
            var health = new StorageHealth(loggers.CreateLogger<StorageHealth>(), ballast);

            // SQLite takes an empty file for a new database, and gives what it keeps beside it the same owner and mode.
            FileOwner.CreateFile(folder.Layout.Database);
            database = SqliteDatabase.Open(folder.Layout.Database, health, new RunningClock(time));
            ballast.TryHold();
            DurableFile.SyncDirectory(folder.Layout.Root);
            threads = new StorageThreads("storage", FileThreads);
            return new RegistryStorage(folder, database, threads, health, limits, time, loggers);
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

    // The folder is let go of whatever happens.
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
