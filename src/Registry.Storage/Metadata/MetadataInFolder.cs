using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Registry.Core.Caching;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Core.Verification;
using Registry.Files;
using Registry.Storage.Bytes;
using Registry.Storage.Files;
using Registry.Storage.Files.SmallContent;
using Registry.Storage.Files.Space;
using Registry.Storage.Sqlite;
using Registry.Storage.Sqlite.Access;
using Registry.Storage.Sqlite.Activity;
using Registry.Storage.Sqlite.Events;
using Registry.Storage.Sqlite.Inventory;
using Registry.Storage.Sqlite.Mirroring;
using Registry.Storage.Sqlite.Policies;
using Registry.Storage.Sqlite.Retention;

namespace Registry.Storage.Metadata;

/// <summary>Metadata in SQLite, in a data folder that only this process uses. So the results of lookups stay in memory until this process changes them.</summary>
public sealed class MetadataInFolder : IStoredMetadata
{
    // Half of the memory that caches of an idle server may use. That is some ten thousand results.
    private const int CacheSize = 16 * 1024 * 1024;

    private readonly StorageEnvironment _environment;
    private readonly MetadataCache _cache;
    private readonly DiskReserve _reserve;

    private MetadataInFolder(DataFolder folder, SqliteDatabase database, StorageHealth health, StorageEnvironment environment)
    {
        (Folder, Database, Health, _environment) = (folder, database, health, environment);
        _reserve = new DiskReserve(folder.Paths.Root, environment.Limits.Reserve, environment.Time);
        _cache = new MetadataCache(CacheSize, environment.Metrics);
        Admission = new Admission(environment.Threads, health, _reserve);
        Ports = new MetadataPorts
        {
            Metadata = _cache.Decorate(new SqliteMetadataStore(database, environment.Time, environment.Rules)),
            Collector = _cache.Decorate(new SqliteCollectorMetadata(database, environment.Time, environment.Rules)),
            Listing = new SqliteMetadataListing(database),
            IndexTarget = _cache.Decorate(new SqliteIndexTarget(database, environment.Time)),
            Changes = new SqliteChangeFeed(database),
            History = new SqliteTagHistory(database),
            Activity = new SqliteActivity(database),
            Trash = _cache.Decorate(new SqliteTrash(database, environment.Time)),
            Repositories = _cache.Decorate(new SqliteRepositories(database, environment.Time, environment.Rules)),
            Space = new SqliteSpaceMetadata(database),
            Inventory = new SqliteInventory(database),
            Mirror = _cache.Decorate(new SqliteMirror(database, environment.Time)),
            Retention = _cache.Decorate(new SqliteRetention(database, environment.Time, environment.Rules)),
            Policies = new SqlitePolicyMetadata(database),
            Sessions = new SqliteUploadSessions(database),
            Events = new SqliteEventDeliveries(database, environment.Time),
            WebSessions = new SqliteWebSessions(database),
            Staged = new SqliteStagedContent(database),
            Objects = new SqliteObjectLedger(database),
            Clock = database.Clock,
        };
    }

    /// <summary>Paths of the folder.</summary>
    public DataPaths Paths => Folder.Paths;

    internal DataFolder Folder { get; }

    internal SqliteDatabase Database { get; }

    /// <summary>Refuses new content that could not be kept.</summary>
    internal Admission Admission { get; }

    internal MetadataPorts Ports { get; }

    internal StorageHealth Health { get; }

    string IStoredMetadata.Name => Paths.Root;

    MetadataPorts IStoredMetadata.Ports => Ports;

    StorageHealth IStoredMetadata.Health => Health;

    bool IStoredMetadata.WasStoppedUncleanly => Database.WasStoppedUncleanly;

    /// <summary>True while pushes are refused because the disk of the folder is full up to its reserve.</summary>
    public Task<bool> IsShortOfRoomAsync() => _environment.Threads.RunAsync(() => _reserve.Ask() is not null);

    /// <summary>Free bytes on the disk of the folder, and the bytes that pushes must leave free.</summary>
    /// <exception cref="IOException">The free space cannot be read.</exception>
    public (long Free, long Kept) ReadRoom() => _reserve.Read();

    /// <summary>Opens the database of a folder, and creates what is missing.</summary>
    /// <param name="folder">The folder, which is released with the result, or when this fails.</param>
    /// <param name="environment">Settings and tools.</param>
    /// <exception cref="StorageException">The database cannot be used.</exception>
    /// <exception cref="IOException">The folder cannot be used.</exception>
    internal static MetadataInFolder Open(DataFolder folder, StorageEnvironment environment)
    {
        SqliteDatabase? database = null;
        try
        {
            var ballast = new StorageBallast(folder.Paths.Ballast, FileOwner.Inherit);
            var health = new StorageHealth(environment.Loggers.CreateLogger<StorageHealth>(), ballast);

            // SQLite takes an empty file for a new database, and creates its other files with the same owner and mode.
            FileOwner.CreateFile(folder.Paths.Database);
            database = SqliteDatabase.Open(folder.Paths.Database, health, environment.Time, environment.Metrics);
            ballast.TryHold();
            DurableFile.SyncDirectory(folder.Paths.Root);
            return new MetadataInFolder(folder, database, health, environment);
        }
        catch
        {
            Close(database, folder);
            throw;
        }
    }

    IVerifierMetadata IStoredMetadata.OpenVerifierMetadata(ContentCache contents) => _cache.Decorate(new SqliteVerifierMetadata(Database), contents.Forget);

    IStagedQuarantine IStoredMetadata.OpenQuarantine(IVerifierMetadata metadata) =>
        new StagedQuarantine(Paths, _environment.Threads, new CheckedSync(Health, _environment.Metrics), Ports.Staged, metadata);

    ValueTask IStoredMetadata.EnsureRoomAsync() => Admission.EnsureRoomAsync();

    IUploadBytes IStoredMetadata.Admit(IUploadBytes bytes) => new AdmittedUploadBytes(bytes, Admission);

    async Task IStoredMetadata.CheckBucketAsync()
    {
        if (!Database.HasBlobsInBucket && (Folder.HasBlobs || (await Database.ReadTotalsAsync()).Blobs > 0))
        {
            throw StorageChoiceException.OfFiles(Paths.Root);
        }
    }

    Task IStoredMetadata.RecordBucketAsync() => Database.HasBlobsInBucket ? Task.CompletedTask : Database.SetBlobsInBucketAsync();

    Task<ECDsa> IStoredMetadata.OpenTokenKeyAsync() => _environment.Threads.RunAsync(() => TokenKeyFile.OpenOrCreate(Paths.TokenKey));

    Task IStoredMetadata.ReplaceTokenKeyAsync(ECDsa key) => _environment.Threads.RunAsync(() => TokenKeyFile.Replace(Paths.TokenKey, key));

    string IStoredMetadata.HowToUnmark => $"remove the file {Paths.Migration}";

    Task<MigrationMark?> IStoredMetadata.ReadMigrationAsync() => _environment.Threads.RunAsync(() => MigrationFile.Read(Paths.Migration));

    Task IStoredMetadata.MarkMigrationAsync(MigrationMark? mark) => _environment.Threads.RunAsync(() => MigrationFile.Write(Paths.Migration, mark));

    // The folder is locked.
    Task<bool> IStoredMetadata.IsUsedByOthersAsync() => Task.FromResult(false);

    Task<StorageTotals> IStoredMetadata.ReadTotalsAsync() => Database.ReadTotalsAsync();

    Task IStoredMetadata.TryWriteAsync() => _environment.Threads.RunAsync(Folder.TryWrite);

    ValueTask IAsyncDisposable.DisposeAsync()
    {
        Close(Database, Folder);
        return ValueTask.CompletedTask;
    }

    // Releases the folder in any case.
    private static void Close(SqliteDatabase? database, DataFolder folder)
    {
        try
        {
            database?.Dispose();
        }
        finally
        {
            folder.Dispose();
        }
    }
}
