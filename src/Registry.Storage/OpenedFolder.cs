using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Storage.Files;
using Registry.Storage.Files.Space;
using Registry.Storage.Sqlite;

namespace Registry.Storage;

/// <summary>A data folder that only this process uses, with its database: the part of a storage that does not depend on where the bytes are.</summary>
internal sealed class OpenedFolder : IDisposable
{
    private const int FileThreads = 16;

    private OpenedFolder(
        DataFolder folder,
        SqliteDatabase database,
        StorageHealth health,
        StorageLimits limits,
        TimeProvider time,
        ILoggerFactory loggers,
        StorageMetrics? metrics)
    {
        Folder = folder;
        Database = database;
        Health = health;
        Limits = limits;
        Time = time;
        Loggers = loggers;
        Metrics = metrics;
        Threads = new StorageThreads("storage", FileThreads);
        Reserve = new DiskReserve(folder.Paths.Root, limits.Reserve, time);
        Admission = new Admission(Threads, health, Reserve);
        Staged = new SqliteStagedContent(database);
        Faults = new RecurringFaults(time, loggers.CreateLogger<RecurringFaults>());
    }

    public DataFolder Folder { get; }

    public DataPaths Paths => Folder.Paths;

    public SqliteDatabase Database { get; }

    public StorageHealth Health { get; }

    public StorageLimits Limits { get; }

    public TimeProvider Time { get; }

    public ILoggerFactory Loggers { get; }

    public StorageMetrics? Metrics { get; }

    /// <summary>Threads for blocking work on the folder.</summary>
    public StorageThreads Threads { get; }

    /// <summary>Space that pushes leave free on the disk of the folder.</summary>
    public DiskReserve Reserve { get; }

    /// <summary>Refuses new content that could not be kept.</summary>
    public Admission Admission { get; }

    /// <summary>Small content whose bytes are in the database.</summary>
    public IStagedContent Staged { get; }

    /// <summary>Faults that recur with each request.</summary>
    public RecurringFaults Faults { get; }

    /// <summary>Opens the database of a folder, and creates what is missing.</summary>
    /// <param name="folder">The folder, which is released with the result, or when this fails.</param>
    /// <param name="limits">Limits for clients.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="metrics">Metrics; null for none.</param>
    /// <exception cref="StorageException">The database cannot be used.</exception>
    /// <exception cref="IOException">The folder cannot be used.</exception>
    public static OpenedFolder Open(DataFolder folder, StorageLimits limits, TimeProvider time, ILoggerFactory loggers, StorageMetrics? metrics)
    {
        SqliteDatabase? database = null;
        try
        {
            var ballast = new StorageBallast(folder.Paths.Ballast, FileOwner.Inherit);
            var health = new StorageHealth(loggers.CreateLogger<StorageHealth>(), ballast);

            // SQLite takes an empty file for a new database, and creates its other files with the same owner and mode.
            FileOwner.CreateFile(folder.Paths.Database);
            database = SqliteDatabase.Open(folder.Paths.Database, health, time, metrics);
            ballast.TryHold();
            DurableFile.SyncDirectory(folder.Paths.Root);
            return new OpenedFolder(folder, database, health, limits, time, loggers, metrics);
        }
        catch
        {
            Close(database, null, folder);
            throw;
        }
    }

    public void Dispose()
    {
        Faults.Dispose();
        Close(Database, Threads, Folder);
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
