using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Errors;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Policies;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Core.Verification;
using Registry.Files;
using Registry.Storage.Bytes;
using Registry.Storage.Files;
using Registry.Storage.Files.Space;
using Registry.Storage.Metadata;
using Registry.Storage.Sqlite;

namespace Registry.Storage;

/// <summary>
/// A storage in use: its stores and their maintenance. The members are what every storage has; what depends on the engines is in <see cref="Folder"/> or
/// <see cref="Database"/>, and in <see cref="Files"/> or <see cref="Bucket"/>.
/// </summary>
public sealed class RegistryStorage : IAsyncDisposable
{
    // Half of the memory that caches of an idle server may use. That is the manifests and configs of some thousand images.
    private const int ContentCacheSize = 16 * 1024 * 1024;

    private readonly StorageEnvironment _environment;
    private readonly IStoredMetadata _metadata;
    private readonly IStoredBytes _bytes;

    private RegistryStorage(StorageEnvironment environment, IStoredMetadata metadata, IStoredBytes bytes)
    {
        (_environment, _metadata, _bytes) = (environment, metadata, bytes);
        Uploads = new UploadStore(
            bytes.UploadBytes,
            metadata.Ports.Sessions,
            bytes.Staging,
            environment.Limits,
            environment.Time,
            environment.Loggers.CreateLogger<UploadStore>());
        Contents = new ContentCache(Blobs, environment.Time, ContentCacheSize, environment.Metrics);
        VerifierMetadata = metadata.OpenVerifierMetadata(Contents);

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
            History = _metadata.Ports.History,
            Changes = _metadata.Ports.Changes,
            Activity = _metadata.Ports.Activity,
            Trash = _metadata.Ports.Trash,
            Repositories = _metadata.Ports.Repositories,
            Space = _metadata.Ports.Space,
            Inventory = _metadata.Ports.Inventory,
            Mirror = Mirror,
            Retention = _metadata.Ports.Retention,
            Policies = _metadata.Ports.Policies,
            Events = _metadata.Ports.Events,
            WebSessions = _metadata.Ports.WebSessions,
            CollectorMetadata = CollectorMetadata,
            VerifierMetadata = VerifierMetadata,
            Scrubber = bytes.Scrub,
            Quarantine = bytes.Quarantine,
            Links = bytes.Links,
            Indexer = Indexer,
            Threads = Threads,
            Faults = Faults,
            IsShared = Database is not null,
            Clock = Clock,
        };
    }

    /// <summary>Ports for the core.</summary>
    public StoragePorts Ports { get; }

    /// <summary>What only a storage with its metadata in a data folder has; null for another.</summary>
    public MetadataInFolder? Folder => _metadata as MetadataInFolder;

    /// <summary>What only a storage with its metadata in PostgreSQL has; null for another.</summary>
    public MetadataInPostgres? Database => _metadata as MetadataInPostgres;

    /// <summary>What only a storage with its bytes in files has; null for another.</summary>
    public BytesInFiles? Files => _bytes as BytesInFiles;

    /// <summary>What only a storage with its bytes in a bucket has; null for another.</summary>
    public BytesInBucket? Bucket => _bytes as BytesInBucket;

    /// <summary>Place of the metadata, for people: the path of the data folder, or the address of the database.</summary>
    public string Name => _metadata.Name;

    public IBlobStore Blobs => _bytes.Blobs;

    /// <summary>Blobs, with small content in memory.</summary>
    public ContentCache Contents { get; }

    /// <summary>Small content whose bytes are in the metadata.</summary>
    public IStagedContent Staged => _metadata.Ports.Staged;

    public UploadStore Uploads { get; }

    public IMetadataStore Metadata => _metadata.Ports.Metadata;

    public ICollectorMetadata CollectorMetadata => _metadata.Ports.Collector;

    public IVerifierMetadata VerifierMetadata { get; }

    public StorageHealth Health => _metadata.Health;

    /// <summary>Faults that recur with each request, for everything that uses the storage.</summary>
    public RecurringFaults Faults => _environment.Faults;

    public IGraceClock Clock => _metadata.Ports.Clock;

    /// <summary>Tells whether the metadata is complete: always, unless it grows from an existing tree.</summary>
    public IIndexer Indexer => _bytes.Indexer;

    public IIndexTarget IndexTarget => _metadata.Ports.IndexTarget;

    /// <summary>Changes of the repositories.</summary>
    public IChangeFeed Changes => _metadata.Ports.Changes;

    /// <summary>What the mirror knows of mirrored repositories.</summary>
    public IMirrorMetadata Mirror => _metadata.Ports.Mirror;

    /// <summary>Metadata for the comparison with the tree.</summary>
    public IMetadataListing Listing => _metadata.Ports.Listing;

    /// <summary>Threads for blocking work.</summary>
    public StorageThreads Threads => _environment.Threads;

    /// <summary>True if the last process that used the storage alone was killed or crashed.</summary>
    public bool WasStoppedUncleanly => _metadata.WasStoppedUncleanly;

    /// <summary>Opens a data folder with metadata and bytes, and creates what is missing.</summary>
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
        // Complete when it returns: only a database and a bucket are waited for.
        return OpenAsync(new StorageChoice(path), rules, time, loggers, limits, writesOut, metrics).GetAwaiter().GetResult();
    }

    /// <summary>Opens a storage, and creates what is missing.</summary>
    /// <param name="choice">Its engines.</param>
    /// <param name="rules">Rules about changes. Every caller that may change content or tags passes those of the settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="limits">Limits; null for the defaults.</param>
    /// <param name="writesOut">
    /// True to write small content that only the metadata has to its files. False for a preview, which must leave damaged rows where they are.
    /// </param>
    /// <param name="metrics">Metrics; null for none.</param>
    /// <exception cref="StorageException">The folder cannot be used; the message is for the operator.</exception>
    /// <exception cref="StorageChoiceException">
    /// The bytes of the folder are elsewhere, the database or bucket cannot be used, or the registry is being moved, or was.
    /// </exception>
    public static async Task<RegistryStorage> OpenAsync(
        StorageChoice choice,
        IChangeRules rules,
        TimeProvider time,
        ILoggerFactory loggers,
        StorageLimits? limits = null,
        bool writesOut = true,
        StorageMetrics? metrics = null)
    {
        ArgumentNullException.ThrowIfNull(choice);
        limits ??= new StorageLimits();
        try
        {
            return await OpenOnceAsync(choice, new StorageEnvironment(rules, limits, time, loggers, metrics), writesOut);
        }
        catch (StorageException e) when (e.IsFull && StorageBallast.Remove(new DataPaths(choice.Folder).Ballast))
        {
            return await OpenOnceAsync(choice, new StorageEnvironment(rules, limits, time, loggers, metrics), writesOut);
        }
    }

    /// <summary>Opens the storage of an existing registry. Creates nothing if its data folder holds none.</summary>
    /// <inheritdoc cref="OpenAsync"/>
    /// <exception cref="StorageException">The folder cannot be used or holds no registry; the message is for the operator.</exception>
    public static Task<RegistryStorage> OpenExistingAsync(
        StorageChoice choice, IChangeRules rules, TimeProvider time, ILoggerFactory loggers, StorageLimits? limits = null, bool writesOut = true)
    {
        ArgumentNullException.ThrowIfNull(choice);
        if (choice.Database is null)
        {
            DataFolder.RequireRegistry(choice.Folder);
        }

        return OpenAsync(choice, rules, time, loggers, limits, writesOut);
    }

    /// <summary>Opens a snapshot that <see cref="StorageReader.CopyMetadataAsync"/> has made, and upgrades one of an older version.</summary>
    /// <param name="path">File of the snapshot.</param>
    /// <param name="isChecked">True to check the whole snapshot for damage.</param>
    /// <exception cref="StorageException">The snapshot does not exist, is damaged, or a later version wrote it.</exception>
    public static IMetadataSnapshot OpenSnapshot(string path, bool isChecked = true) => SqliteSnapshot.Open(path, isChecked);

    /// <summary>Reads the totals of the storage.</summary>
    /// <exception cref="StorageException">The metadata cannot be read.</exception>
    public Task<StorageTotals> ReadTotalsAsync() => _metadata.ReadTotalsAsync();

    /// <summary>Tests that the metadata can be written.</summary>
    /// <exception cref="StorageException">It cannot be written.</exception>
    public Task TryWriteAsync() => _metadata.TryWriteAsync();

    /// <inheritdoc cref="IStoredMetadata.OpenTokenKeyAsync"/>
    public Task<ECDsa> OpenTokenKeyAsync() => _metadata.OpenTokenKeyAsync();

    /// <inheritdoc cref="IStoredMetadata.ReplaceTokenKeyAsync"/>
    public Task ReplaceTokenKeyAsync(ECDsa key) => _metadata.ReplaceTokenKeyAsync(key);

    /// <inheritdoc cref="IStoredMetadata.HowToUnmark"/>
    public string HowToUnmark => _metadata.HowToUnmark;

    /// <inheritdoc cref="IStoredMetadata.ReadMigrationAsync"/>
    public Task<MigrationMark?> ReadMigrationAsync() => _metadata.ReadMigrationAsync();

    /// <inheritdoc cref="IStoredMetadata.MarkMigrationAsync"/>
    public Task MarkMigrationAsync(MigrationMark? mark) => _metadata.MarkMigrationAsync(mark);

    /// <inheritdoc cref="IStoredMetadata.IsUsedByOthersAsync"/>
    public Task<bool> IsUsedByOthersAsync() => _metadata.IsUsedByOthersAsync();

    /// <summary>Brings up to date what follows the metadata, such as the tree. Nothing may change any more.</summary>
    /// <param name="cutOff">Ends the work, and the next start continues.</param>
    public ValueTask FinishAsync(CancellationToken cutOff) => _bytes.FinishAsync(cutOff);

    /// <summary>Brings up to date what follows the metadata, closes the metadata, and releases the folder for other processes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _bytes.DisposeAsync();
        await _metadata.DisposeAsync();
        _environment.Dispose();
    }

    private static async Task<RegistryStorage> OpenOnceAsync(StorageChoice choice, StorageEnvironment environment, bool writesOut)
    {
        IStoredMetadata? metadata = null;
        IStoredBytes? bytes = null;
        try
        {
            if (choice.Database is { } database)
            {
                metadata = await MetadataInPostgres.OpenAsync(database, environment);
            }
            else
            {
                metadata = MetadataInFolder.Open(choice.Bucket is null ? DataFolder.Open(choice.Folder) : DataFolder.OpenWithoutBlobs(choice.Folder), environment);
            }

            // After the row of the process: so either this process reads a mark, or the move that sets one finds the process.
            if (!choice.IsMigrating && await metadata.ReadMigrationAsync() is { } mark)
            {
                throw StorageChoiceException.OfMigration(metadata.Name, mark, metadata.HowToUnmark);
            }

            bytes = choice.Bucket is { } bucket
                ? await BytesInBucket.OpenAsync(metadata, bucket, choice.SpoolFolder, environment, CancellationToken.None)
                : new BytesInFiles((MetadataInFolder)metadata, environment, writesOut);
            return new RegistryStorage(environment, metadata, bytes);
        }
        catch (Exception e)
        {
            await (bytes?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (metadata?.DisposeAsync() ?? ValueTask.CompletedTask);
            environment.Dispose();
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"cannot be used: {IoFault.Reason(e, choice.Folder)}", e);
            }

            throw;
        }
    }
}
