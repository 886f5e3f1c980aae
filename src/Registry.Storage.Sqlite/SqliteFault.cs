using Microsoft.Data.Sqlite;
using Registry.Core.Storage;

namespace Registry.Storage.Sqlite;

/// <summary>Translates errors of SQLite into the exceptions that callers of the storage handle.</summary>
internal static class SqliteFault
{
    // Result codes, https://sqlite.org/rescode.html.
    private const int NoMemory = 7;
    private const int IoError = 10;
    private const int IoErrorNoMemory = IoError | (12 << 8);
    private const int Corrupt = 11;
    private const int DiskFull = 13;
    private const int NotADatabase = 26;
    private const int IoErrorSharedMemorySize = IoError | (19 << 8);
    private const int IoErrorFsync = IoError | (4 << 8);
    private const int IoErrorDirectoryFsync = IoError | (5 << 8);

    /// <summary>Remedy for a database that the disk has damaged, as a sentence after the message; empty for other errors.</summary>
    public static string Remedy(SqliteException error) => error.SqliteErrorCode is Corrupt or NotADatabase
        ? " Run 'registry reindex' to rebuild it from the repositories tree."
        : string.Empty;

    /// <summary>True when no space is left.</summary>
    public static bool IsFull(SqliteException error) => error.SqliteErrorCode == DiskFull;

    /// <summary>True when no space is left for a database that is being opened. Its log needs an index, and SQLite reports its lack in another way.</summary>
    public static bool IsFullAtOpen(SqliteException error) => IsFull(error) || error.SqliteExtendedErrorCode == IoErrorSharedMemorySize;

    /// <summary>True when a sync failed, after which the state of the disk is unknown.</summary>
    public static bool IsSync(SqliteException error) => error.SqliteExtendedErrorCode is IoErrorFsync or IoErrorDirectoryFsync;

    /// <summary>Translates the error of a query.</summary>
    public static Exception OfQuery(SqliteException error) => IsMemory(error)
        ? OfMemory(error)
        : new StorageException($"The metadata could not be read: {error.Message}{Remedy(error)}", error);

    /// <summary>Translates the error of a change. It needs no stack trace: a full disk, or stopped writes.</summary>
    public static Exception OfChange(SqliteException error) => IsMemory(error)
        ? OfMemory(error)
        : new StorageException($"The metadata could not be written: {error.Message}{Remedy(error)}", IsFull(error));

    private static bool IsMemory(SqliteException error) => error.SqliteErrorCode == NoMemory || error.SqliteExtendedErrorCode == IoErrorNoMemory;

    // Not a fault of the storage: the next request may find memory.
    private static InsufficientMemoryException OfMemory(SqliteException error) => new($"SQLite: {error.Message}", error);
}
