using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Metadata;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Storage.Files;
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

    private StorageReader(DataPaths paths, IDisposable @lock, SqliteDatabase database, TimeProvider time, ILoggerFactory loggers)
    {
        Paths = paths;
        _lock = @lock;
        _database = database;
        _threads = new StorageThreads("storage", FileThreads);
        var health = new StorageHealth(loggers.CreateLogger<StorageHealth>());
        Blobs = FileStorage.OpenToRead(paths, new SqliteStagedContent(database), _threads, health);
        Metadata = new SqliteMetadataStore(database, time, NoRules.Instance);
    }

    /// <summary>Paths of the folder.</summary>
    public DataPaths Paths { get; }

    /// <summary>Blobs, for reading only.</summary>
    public IBlobStore Blobs { get; }

    /// <summary>Metadata, for reading only.</summary>
    public IMetadataStore Metadata { get; }

    /// <summary>Opens a data folder.</summary>
    /// <exception cref="StorageException">The folder cannot be read; the message is for the operator.</exception>
    public static async Task<StorageReader> OpenAsync(string path, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
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

            return new StorageReader(paths, held, database, time, loggers);
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
        new(paths, held, SqliteDatabase.OpenToRead(database), time, loggers);

    /// <summary>Copies a consistent snapshot of the metadata into a new file.</summary>
    /// <exception cref="StorageException">The metadata cannot be read, or the file cannot be written.</exception>
    public Task CopyMetadataAsync(string target) => _database.CopyAsync(target);

    public void Dispose()
    {
        _threads.Dispose();
        Close(_database, _lock);
    }

    private static void Close(SqliteDatabase? database, IDisposable? held)
    {
        database?.Dispose();
        held?.Dispose();
    }
}
