using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Objects;
using Registry.Core.Policies;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Storage.Files;
using Registry.Storage.Metadata;
using Registry.Storage.Postgres;
using Registry.Storage.Postgres.Mirroring;
using Registry.Storage.Postgres.Nodes;
using Registry.Storage.Postgres.SmallContent;
using Registry.Storage.S3;
using Registry.Storage.Sqlite;
using Registry.Storage.Sqlite.Mirroring;

namespace Registry.Storage;

/// <summary>
/// Reads a storage, whether other processes use it or not. Changes nothing in it. While it is open, no process removes files of blobs, and objects of a bucket
/// stay for a while anyway (<see cref="S3Settings.DeleteAfter"/>), so that all content it finds can be read.
/// </summary>
public sealed class StorageReader : IAsyncDisposable
{
    private const int FileThreads = 4;

    private readonly StorageThreads _threads = new("storage", FileThreads);
    private readonly DataPaths? _paths;
    private readonly SqliteDatabase? _folder;
    private readonly IDisposable? _lock;
    private readonly PostgresDatabase? _database;
    private readonly RecurringFaults? _faults;
    private readonly S3Storage? _bucket;

    // A folder with files.
    private StorageReader(DataPaths paths, SqliteDatabase folder, IDisposable @lock, TimeProvider time, ILoggerFactory loggers)
    {
        (_paths, _folder, _lock) = (paths, folder, @lock);
        Metadata = new SqliteMetadataStore(folder, time, NoRules.Instance);
        Listing = new SqliteMetadataListing(folder);
        Mirror = new SqliteMirror(folder, time);
        Blobs = FileStorage.OpenToRead(paths, new SqliteStagedContent(folder), _threads, new StorageHealth(loggers.CreateLogger<StorageHealth>()));
    }

    // A bucket.
    private StorageReader(
        S3Settings bucket, IMetadataStore metadata, IMetadataListing listing, IMirrorMetadata mirror, IStagedContent staged, IObjectLedger objects, TimeProvider time, ILoggerFactory loggers)
    {
        (Metadata, Listing, Mirror) = (metadata, listing, mirror);
        _faults = new RecurringFaults(time, loggers.CreateLogger<RecurringFaults>());
        _bucket = S3Storage.OpenToRead(bucket, objects, _faults, time, loggers);
        Blobs = new StagedBlobStore(_bucket.Blobs, staged);
    }

    // A bucket, with its metadata in a folder.
    private StorageReader(S3Settings bucket, DataPaths paths, SqliteDatabase folder, IDisposable @lock, TimeProvider time, ILoggerFactory loggers)
        : this(
            bucket,
            new SqliteMetadataStore(folder, time, NoRules.Instance),
            new SqliteMetadataListing(folder),
            new SqliteMirror(folder, time),
            new SqliteStagedContent(folder),
            new SqliteObjectLedger(folder),
            time,
            loggers) =>
        (_paths, _folder, _lock) = (paths, folder, @lock);

    // A bucket, with its metadata in PostgreSQL.
    private StorageReader(S3Settings bucket, PostgresDatabase database, TimeProvider time, ILoggerFactory loggers)
        : this(
            bucket,
            new PostgresMetadataStore(database, time, NoRules.Instance),
            new PostgresMetadataListing(database),
            new PostgresMirror(database, time),
            new PostgresStagedContent(database),
            new PostgresObjectLedger(database),
            time,
            loggers) =>
        _database = database;

    /// <inheritdoc cref="RegistryStorage.Name"/>
    public string Name => _paths?.Root ?? _database!.Address;

    /// <summary>Blobs, for reading only.</summary>
    public IBlobStore Blobs { get; }

    /// <summary>Metadata, for reading only.</summary>
    public IMetadataStore Metadata { get; }

    /// <summary>Contents of the repositories.</summary>
    public IMetadataListing Listing { get; }

    /// <summary>What the mirror knows of mirrored repositories, for reading only.</summary>
    public IMirrorMetadata Mirror { get; }

    /// <summary>Opens a storage.</summary>
    /// <param name="choice">Its engines.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="cancellationToken">Ends the wait for a removal in progress.</param>
    /// <exception cref="StorageException">The folder cannot be read; the message is for the operator.</exception>
    /// <exception cref="StorageChoiceException">The bytes of the folder are elsewhere, or the database cannot be used.</exception>
    public static Task<StorageReader> OpenAsync(StorageChoice choice, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(choice);
        return choice.Database is { } database
            ? OpenDatabaseAsync(database, choice.Bucket!, time, loggers)
            : OpenFolderAsync(choice.Folder, choice.Bucket, time, loggers, cancellationToken);
    }

    /// <summary>Opens a storage if there is one. Creates nothing.</summary>
    /// <inheritdoc cref="OpenAsync"/>
    /// <returns>Null if the folder does not exist or is empty, or if the database has no tables.</returns>
    public static async Task<StorageReader?> TryOpenAsync(StorageChoice choice, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(choice);
        return await IsNewAsync(choice) ? null : await OpenAsync(choice, time, loggers, cancellationToken);
    }

    /// <summary>Opens a snapshot of the metadata with the bytes that it refers to.</summary>
    /// <param name="paths">Paths of the bytes.</param>
    /// <param name="database">The snapshot.</param>
    /// <param name="held">Lock or other resource that is disposed with the reader.</param>
    /// <param name="time">The time.</param>
    /// <param name="loggers">The log.</param>
    /// <exception cref="StorageException">The snapshot cannot be read.</exception>
    public static StorageReader OpenSnapshot(DataPaths paths, string database, IDisposable held, TimeProvider time, ILoggerFactory loggers) =>
        new(paths, SqliteDatabase.OpenToRead(database), held, time, loggers);

    /// <summary>Copies a consistent snapshot of the metadata of a folder into a new file.</summary>
    /// <exception cref="StorageException">The metadata cannot be read, or the file cannot be written.</exception>
    /// <exception cref="NotSupportedException">The metadata is in PostgreSQL.</exception>
    public Task CopyMetadataAsync(string target) => _folder?.CopyAsync(target) ?? throw new NotSupportedException("A backup of PostgreSQL is a dump.");

    /// <summary>Reads the mark of a move; null if there is none.</summary>
    /// <exception cref="StorageException">It cannot be read.</exception>
    public Task<MigrationMark?> ReadMigrationAsync() =>
        _database is not null ? new PostgresMigration(_database).ReadAsync() : Task.FromResult(MigrationFile.Read(_paths!.Migration));

    public async ValueTask DisposeAsync()
    {
        _threads.Dispose();
        _bucket?.Dispose();
        _faults?.Dispose();
        Close(_folder, _lock);
        await (_database?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private static async Task<bool> IsNewAsync(StorageChoice choice)
    {
        try
        {
            return choice.Database is { } database
                ? await PostgresMigration.IsNewAsync(database)
                : !Directory.Exists(choice.Folder) || !Directory.EnumerateFileSystemEntries(choice.Folder).Any();
        }
        catch (StorageException e)
        {
            throw StorageChoiceException.OfDatabase(e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"cannot be read: {IoFault.Reason(e, choice.Folder)}", e);
        }
    }

    private static async Task<StorageReader> OpenDatabaseAsync(PostgresSettings settings, S3Settings bucket, TimeProvider time, ILoggerFactory loggers)
    {
        var database = await MetadataInPostgres.ConnectAsync(settings);
        try
        {
            return new StorageReader(bucket, database, time, loggers);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    private static async Task<StorageReader> OpenFolderAsync(
        string path, S3Settings? bucket, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var paths = new DataPaths(path);
        DataFolder.RequireRegistry(path);
        if (!File.Exists(paths.Database))
        {
            throw new StorageException("is not indexed yet (there is no registry.db); start the registry and wait until indexing has finished, or run 'registry reindex'");
        }

        IDisposable? held = null;
        SqliteDatabase? database = null;
        try
        {
            held = await RemovalLock.HoldAsync(paths, time, cancellationToken);
            database = SqliteDatabase.OpenToRead(paths.Database);
            if (!database.IsTreeIndexed)
            {
                throw new StorageException("is not indexed yet; start the registry and wait until indexing has finished, or run 'registry reindex'");
            }

            if (database.HasBlobsInBucket != bucket is not null)
            {
                throw bucket is null ? StorageChoiceException.OfBucketFolder(paths.Root) : StorageChoiceException.OfFiles(paths.Root);
            }

            return bucket is null ? new StorageReader(paths, database, held, time, loggers) : new StorageReader(bucket, paths, database, held, time, loggers);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Close(database, held);
            throw new StorageException($"cannot be read: {IoFault.Reason(e, path)}", e);
        }
        catch
        {
            Close(database, held);
            throw;
        }
    }

    private static void Close(SqliteDatabase? database, IDisposable? held)
    {
        database?.Dispose();
        held?.Dispose();
    }
}
