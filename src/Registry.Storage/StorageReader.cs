using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Policies;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Storage.Files;
using Registry.Storage.S3;
using Registry.Storage.Sqlite;

namespace Registry.Storage;

/// <summary>
/// Reads a data folder, whether another process uses it or not. Changes nothing in it. While it is open, no process removes bytes, so that all
/// content it finds can be read.
/// </summary>
public sealed class StorageReader : IDisposable
{
    private const int FileThreads = 4;

    private readonly IDisposable _lock;
    private readonly SqliteDatabase _database;
    private readonly StorageThreads _threads;
    private readonly RecurringFaults? _faults;
    private readonly S3Storage? _bucket;

    private StorageReader(DataPaths paths, S3Settings? bucket, IDisposable @lock, SqliteDatabase database, TimeProvider time, ILoggerFactory loggers)
    {
        Paths = paths;
        _lock = @lock;
        _database = database;
        _threads = new StorageThreads("storage", FileThreads);
        var staged = new SqliteStagedContent(database);
        if (bucket is null)
        {
            Blobs = FileStorage.OpenToRead(paths, staged, _threads, new StorageHealth(loggers.CreateLogger<StorageHealth>()));
        }
        else
        {
            _faults = new RecurringFaults(time, loggers.CreateLogger<RecurringFaults>());
            _bucket = S3Storage.OpenToRead(bucket, new SqliteObjectLedger(database), _faults, time, loggers);
            Blobs = new StagedBlobStore(_bucket.Blobs, staged);
        }

        Metadata = new SqliteMetadataStore(database, time, NoRules.Instance);
    }

    /// <summary>Paths of the folder.</summary>
    public DataPaths Paths { get; }

    /// <summary>Blobs, for reading only.</summary>
    public IBlobStore Blobs { get; }

    /// <summary>Metadata, for reading only.</summary>
    public IMetadataStore Metadata { get; }

    /// <summary>Opens a data folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="bucket">Bucket of the bytes; null for files of the folder.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="cancellationToken">Ends the wait for a removal in progress.</param>
    /// <exception cref="StorageException">The folder cannot be read; the message is for the operator.</exception>
    /// <exception cref="StorageChoiceException">The bytes of the folder are elsewhere.</exception>
    public static async Task<StorageReader> OpenAsync(
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

            return new StorageReader(paths, bucket, held, database, time, loggers);
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

    /// <summary>Opens a snapshot of the metadata with the bytes that it refers to.</summary>
    /// <param name="paths">Paths of the bytes.</param>
    /// <param name="database">The snapshot.</param>
    /// <param name="held">Lock or other resource that is disposed with the reader.</param>
    /// <param name="time">The time.</param>
    /// <param name="loggers">The log.</param>
    /// <exception cref="StorageException">The snapshot cannot be read.</exception>
    public static StorageReader OpenSnapshot(DataPaths paths, string database, IDisposable held, TimeProvider time, ILoggerFactory loggers) =>
        new(paths, null, held, SqliteDatabase.OpenToRead(database), time, loggers);

    /// <summary>Copies a consistent snapshot of the metadata into a new file.</summary>
    /// <exception cref="StorageException">The metadata cannot be read, or the file cannot be written.</exception>
    public Task CopyMetadataAsync(string target) => _database.CopyAsync(target);

    public void Dispose()
    {
        _threads.Dispose();
        _bucket?.Dispose();
        _faults?.Dispose();
        Close(_database, _lock);
    }

    private static void Close(SqliteDatabase? database, IDisposable? held)
    {
        database?.Dispose();
        held?.Dispose();
    }
}
