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
using Registry.Storage.Bytes;
using Registry.Storage.Files;
using Registry.Storage.Files.Space;
using Registry.Storage.S3;
using Registry.Storage.Sqlite;

namespace Registry.Storage;

/// <summary>
/// A data folder in use: its stores and their maintenance. Only one process at a time can use it. The members are what every storage has; what depends
/// on the engine of its bytes is in <see cref="Files"/> or <see cref="Bucket"/>.
/// </summary>
public sealed class RegistryStorage : IAsyncDisposable
{
    // Together half of the memory that an idle server may use. That is some ten thousand cached results, and the manifests and configs of some
    // thousand images.
    private const int MetadataCacheSize = 16 * 1024 * 1024;
    private const int ContentCacheSize = 16 * 1024 * 1024;

    private readonly OpenedFolder _folder;
    private readonly IStoredBytes _bytes;

    private RegistryStorage(OpenedFolder folder, IStoredBytes bytes, IChangeRules rules)
    {
        (_folder, _bytes) = (folder, bytes);
        var (database, time) = (folder.Database, folder.Time);
        Uploads = new UploadStore(
            bytes.UploadBytes, new SqliteUploadSessions(database), bytes.Staging, folder.Limits, time, folder.Loggers.CreateLogger<UploadStore>());
        Contents = new ContentCache(Blobs, time, ContentCacheSize, folder.Metrics);
        var cache = new MetadataCache(MetadataCacheSize, folder.Metrics);
        Metadata = cache.Decorate(new SqliteMetadataStore(database, time, rules));
        CollectorMetadata = cache.Decorate(new SqliteCollectorMetadata(database, time, rules));
        VerifierMetadata = cache.Decorate(new SqliteVerifierMetadata(database), Contents.Forget);
        Listing = new SqliteMetadataListing(database);
        IndexTarget = cache.Decorate(new SqliteIndexTarget(database, time));
        Changes = new SqliteChangeFeed(database);

        // Last, because what follows the metadata starts to work at once.
        bytes.Begin(this);
        Ports = new StoragePorts
        {
            Blobs = Blobs,
            Contents = bytes.Serve(Contents),
            Staged = Staged,
            Staging = bytes.Staging,
            Uploads = Uploads,
            Metadata = Metadata,
            CollectorMetadata = CollectorMetadata,
            VerifierMetadata = VerifierMetadata,
            Scrubber = bytes.Scrub,
            Quarantine = bytes.Quarantine,
            Links = bytes.Links,
            Indexer = Indexer,
            Threads = Threads,
            Faults = Faults,
            Clock = Clock,
        };
    }

    /// <summary>Ports for the core.</summary>
    public StoragePorts Ports { get; }

    /// <summary>What only a storage with its bytes in files has; null for another.</summary>
    public BytesInFiles? Files => _bytes as BytesInFiles;

    /// <summary>What only a storage with its bytes in a bucket has; null for another.</summary>
    public BytesInBucket? Bucket => _bytes as BytesInBucket;

    public IBlobStore Blobs => _bytes.Blobs;

    /// <summary>Blobs, with small content in memory.</summary>
    public ContentCache Contents { get; }

    /// <summary>Small content whose bytes are in the metadata.</summary>
    public IStagedContent Staged => _folder.Staged;

    public UploadStore Uploads { get; }

    public IMetadataStore Metadata { get; }

    public ICollectorMetadata CollectorMetadata { get; }

    public IVerifierMetadata VerifierMetadata { get; }

    public StorageHealth Health => _folder.Health;

    /// <summary>Faults that recur with each request, for everything that uses the storage.</summary>
    public RecurringFaults Faults => _folder.Faults;

    public IGraceClock Clock => _folder.Database.Clock;

    /// <summary>Tells whether the metadata is complete: always, unless it grows from an existing tree.</summary>
    public IIndexer Indexer => _bytes.Indexer;

    public IIndexTarget IndexTarget { get; }

    /// <summary>Changes of the repositories.</summary>
    public IChangeFeed Changes { get; }

    /// <summary>Metadata for the comparison with the tree.</summary>
    public IMetadataListing Listing { get; }

    /// <summary>Threads for blocking work on the folder.</summary>
    public StorageThreads Threads => _folder.Threads;

    /// <summary>Paths of the folder.</summary>
    public DataPaths Paths => _folder.Paths;

    /// <summary>True if the last process that used the folder was killed or crashed.</summary>
    public bool WasStoppedUncleanly => _folder.Database.WasStoppedUncleanly;

    /// <summary>Opens a data folder with its bytes in files, and creates what is missing.</summary>
    /// <inheritdoc cref="OpenAsync"/>
    public static RegistryStorage Open(
        string path,
        IChangeRules rules,
        TimeProvider time,
        ILoggerFactory loggers,
        StorageLimits? limits = null,
        bool writesOut = true,
        StorageMetrics? metrics = null)
    {
        // Complete when it returns: only a bucket is waited for.
        return OpenAsync(path, null, rules, time, loggers, limits, writesOut, metrics).GetAwaiter().GetResult();
    }

    /// <summary>Opens a data folder, and creates what is missing.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="bucket">Bucket of the bytes; null for files of the folder.</param>
    /// <param name="rules">Rules about changes. Every caller that may change content or tags passes those of the settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="limits">Limits; null for the defaults.</param>
    /// <param name="writesOut">
    /// True to write small content that only the metadata has to its files. False for a preview, which must leave damaged rows where they are.
    /// </param>
    /// <param name="metrics">Metrics; null for none.</param>
    /// <exception cref="StorageException">The folder cannot be used; the message is for the operator.</exception>
    /// <exception cref="StorageChoiceException">The bytes of the folder are elsewhere, or the bucket cannot be used.</exception>
    public static async Task<RegistryStorage> OpenAsync(
        string path,
        S3Settings? bucket,
        IChangeRules rules,
        TimeProvider time,
        ILoggerFactory loggers,
        StorageLimits? limits = null,
        bool writesOut = true,
        StorageMetrics? metrics = null)
    {
        try
        {
            return await OpenOnceAsync(path, bucket, rules, limits ?? new StorageLimits(), time, loggers, writesOut, metrics);
        }
        catch (StorageException e) when (e.IsFull && StorageBallast.Remove(new DataPaths(path).Ballast))
        {
            return await OpenOnceAsync(path, bucket, rules, limits ?? new StorageLimits(), time, loggers, writesOut, metrics);
        }
    }

    /// <summary>Opens the data folder of an existing registry. Creates nothing if there is none.</summary>
    /// <inheritdoc cref="OpenAsync"/>
    /// <exception cref="StorageException">The folder cannot be used or holds no registry; the message is for the operator.</exception>
    public static Task<RegistryStorage> OpenExistingAsync(
        string path, S3Settings? bucket, IChangeRules rules, TimeProvider time, ILoggerFactory loggers, StorageLimits? limits = null, bool writesOut = true)
    {
        DataFolder.RequireRegistry(path);
        return OpenAsync(path, bucket, rules, time, loggers, limits, writesOut);
    }

    /// <summary>Opens a snapshot that <see cref="StorageReader.CopyMetadataAsync"/> has made, and upgrades one of an older version.</summary>
    /// <param name="path">File of the snapshot.</param>
    /// <param name="isChecked">True to check the whole snapshot for damage.</param>
    /// <exception cref="StorageException">The snapshot does not exist, is damaged, or a later version wrote it.</exception>
    public static IMetadataSnapshot OpenSnapshot(string path, bool isChecked = true) => SqliteSnapshot.Open(path, isChecked);

    /// <summary>Reads the totals of the storage.</summary>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    public Task<StorageTotals> ReadTotalsAsync() => _folder.Database.ReadTotalsAsync();

    /// <summary>Tests that the folder can be written.</summary>
    /// <exception cref="StorageException">The folder cannot be written.</exception>
    public Task TryWriteAsync() => Threads.RunAsync(_folder.Folder.TryWrite);

    /// <summary>True while pushes are refused because the disk of the folder is full up to its reserve.</summary>
    public Task<bool> IsShortOfRoomAsync() => Threads.RunAsync(() => _folder.Reserve.Ask() is not null);

    /// <summary>Free bytes on the disk of the folder, and the bytes that pushes must leave free.</summary>
    /// <exception cref="IOException">The free space cannot be read.</exception>
    public (long Free, long Kept) ReadRoom() => _folder.Reserve.Read();

    /// <summary>Brings up to date what follows the metadata, such as the tree. Nothing may change any more.</summary>
    /// <param name="cutOff">Ends the work, and the next start continues.</param>
    public ValueTask FinishAsync(CancellationToken cutOff) => _bytes.FinishAsync(cutOff);

    /// <summary>Brings up to date what follows the metadata, closes the metadata, and releases the folder for other processes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _bytes.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<RegistryStorage> OpenOnceAsync(
        string path,
        S3Settings? bucket,
        IChangeRules rules,
        StorageLimits limits,
        TimeProvider time,
        ILoggerFactory loggers,
        bool writesOut,
        StorageMetrics? metrics)
    {
        OpenedFolder? folder = null;
        IStoredBytes? bytes = null;
        try
        {
            folder = OpenedFolder.Open(bucket is null ? DataFolder.Open(path) : DataFolder.OpenWithoutBlobs(path), limits, time, loggers, metrics);
            bytes = bucket is null ? new BytesInFiles(folder, writesOut) : await BytesInBucket.OpenAsync(folder, bucket, CancellationToken.None);
            return new RegistryStorage(folder, bytes, rules);
        }
        catch (Exception e)
        {
            await (bytes?.DisposeAsync() ?? ValueTask.CompletedTask);
            folder?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"cannot be used: {IoFault.Reason(e, path)}", e);
            }

            throw;
        }
    }
}
