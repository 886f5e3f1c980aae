using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Errors;

namespace Registry.Core.Storage.Sqlite;

/// <summary>
/// The database file: one writer, several readers. Readers see the last commit and never wait for the writer (write-ahead log).
/// </summary>
public sealed class SqliteDatabase : IDisposable
{
    private const int ReaderThreads = 4;

    // A large change (a repository that is indexed, a manifest with very many references) makes a large log, which is otherwise kept.
    private const int MaxIdleLogBytes = 16 * 1024 * 1024;

    // No room for the index of the log, which is created when the database is opened.
    private const int SqliteIoErrorSharedMemorySize = 10 | (19 << 8);

    // What an operator can do about a database that the disk has damaged.
    private const string Remedy = " The command reindex rebuilds it from the repositories tree.";

    private const int SqliteCorrupt = 11;
    private const int SqliteNotADatabase = 26;

    private const string CleanKey = "stopped_cleanly";
    private const string ClockKey = "running_seconds";
    private const string PromisesLostKey = "promises_lost_at";
    private const string IndexedKey = "tree_indexed";

    private readonly string _path;
    private readonly StorageHealth _health;
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private readonly StorageThreads _threads;
    private readonly SqliteWriter? _writer;

    private SqliteDatabase(string path, StorageHealth health, RunningClock clock)
    {
        _path = path;
        _health = health;
        Clock = clock;
        var connection = Connect(SqliteOpenMode.ReadWriteCreate);
        var session = new SqliteSession(connection);
        try
        {
            Configure(
                connection,
                $"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = {MaxIdleLogBytes};");
            SqliteSchema.Migrate(connection, path);
            Begin(session);
        }
        catch
        {
            session.Dispose();
            throw;
        }

        _threads = new StorageThreads("metadata reader", ReaderThreads);
        _writer = new SqliteWriter(session, health, () => JournalWritten?.Invoke());
    }

    // Beside the process that writes it.
    private SqliteDatabase(string path)
    {
        _path = path;
        _health = new StorageHealth(NullLogger<StorageHealth>.Instance);
        Clock = new RunningClock(TimeProvider.System);
        using (var connection = Connect(SqliteOpenMode.ReadWrite))
        {
            SqliteSchema.Check(connection, path);
            using var session = new SqliteSession(connection);
            IsTreeIndexed = IsTreeIndexedIn(session);
        }

        _threads = new StorageThreads("metadata reader", ReaderThreads);
    }

    /// <summary>Called after a commit that added rows to the tree journal.</summary>
    internal event Action? JournalWritten;

    /// <summary>The clock that grace periods are measured by.</summary>
    public RunningClock Clock { get; }

    /// <summary>
    /// When a process was last found to have ended without closing the database, in seconds of the clock; null when none has. It is
    /// remembered, so that a restart in good order shortly after does not hide it.
    /// </summary>
    public long? PromisesLostAt { get; private set; }

    /// <summary>Whether this process found that the one before had not closed the database.</summary>
    public bool WasStoppedUncleanly { get; private set; }

    /// <summary>Whether the database covers the whole repositories tree.</summary>
    public bool IsTreeIndexed { get; private set; }

    /// <summary>Opens the database, creating it when there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="health">Whether it may be written.</param>
    /// <param name="clock">The running clock, which continues from what the database has saved.</param>
    /// <exception cref="StorageException">It cannot be opened, a newer program wrote it, or the disk is full.</exception>
    public static SqliteDatabase Open(string path, StorageHealth health, RunningClock clock)
    {
        try
        {
            return new SqliteDatabase(path, health, clock);
        }
        catch (SqliteException e)
        {
            if (e.SqliteErrorCode == SqliteWriter.SqliteFull || e.SqliteExtendedErrorCode == SqliteIoErrorSharedMemorySize)
            {
                throw new StorageException($"cannot be used: {e.Message}", isFull: true);
            }

            throw new StorageException(
                $"holds a {Path.GetFileName(path)} that cannot be opened: {e.Message}{(IsDamage(e) ? Remedy : string.Empty)}", e);
        }
    }

    /// <summary>Opens a database that is there for reading, beside the process that writes it, if there is one.</summary>
    /// <exception cref="StorageException">It cannot be opened, or a program of another version wrote it.</exception>
    public static SqliteDatabase OpenToRead(string path)
    {
        try
        {
            return new SqliteDatabase(path);
        }
        catch (SqliteException e)
        {
            throw new StorageException($"holds a {Path.GetFileName(path)} that cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Copies the database as it is at one moment into a file that is not there yet. Writers go on meanwhile.</summary>
    /// <exception cref="StorageException">It cannot be read, or the copy cannot be written.</exception>
    public Task CopyAsync(string target) => _threads.RunAsync(() =>
    {
        try
        {
            using var source = Connect(SqliteOpenMode.ReadWrite);
            SqliteSnapshot.Write(source, target);
        }
        catch (SqliteException e)
        {
            throw new StorageException($"The metadata could not be copied to {target}: {e.Message}", isFull: e.SqliteErrorCode == SqliteWriter.SqliteFull);
        }
    });

    /// <summary>Declares that the database covers the whole tree.</summary>
    public async Task SetTreeIndexedAsync()
    {
        await WriteAsync(session => WriteMeta(session, IndexedKey, 1));
        IsTreeIndexed = true;
    }

    /// <summary>Closes the database in good order.</summary>
    public void Dispose()
    {
        try
        {
            if (_writer is not null && _health.Failure is null)
            {
                WriteAsync(session =>
                {
                    SaveClock(session);
                    WriteMeta(session, CleanKey, 1);
                }).GetAwaiter().GetResult();
            }
        }
        finally
        {
            _threads.Dispose();
            foreach (var reader in _readers)
            {
                reader.Dispose();
            }

            _writer?.Dispose();
        }
    }

    /// <summary>Runs a query on a reader's connection.</summary>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    internal Task<T> ReadAsync<T>(Func<SqliteSession, T> query) => _threads.RunAsync(() =>
    {
        if (!_readers.TryTake(out var session))
        {
            var connection = Connect(SqliteOpenMode.ReadWrite);
            Configure(connection, "PRAGMA query_only = ON;");
            session = new SqliteSession(connection);
        }

        try
        {
            return query(session);
        }
        catch (SqliteException e)
        {
            throw new StorageException($"The metadata could not be read: {e.Message}{(IsDamage(e) ? Remedy : string.Empty)}", e);
        }
        finally
        {
            _readers.Add(session);
        }
    });

    /// <summary>Runs a mutation; an error result takes it back.</summary>
    /// <exception cref="StorageException">The database cannot be written.</exception>
    internal Task<Result<T>> WriteAsync<T>(Func<SqliteSession, Result<T>> mutate) => WriteAsync(mutate, isDurable: true);

    /// <summary>Runs a mutation that has nothing to answer.</summary>
    /// <exception cref="StorageException">The database cannot be written.</exception>
    internal Task WriteAsync(Action<SqliteSession> mutate) => WriteAsync(mutate, isDurable: true);

    /// <summary>Runs a mutation that outlives the process, but perhaps not a power cut, and has nothing to answer.</summary>
    /// <exception cref="StorageException">The database cannot be written.</exception>
    internal Task WriteUnsyncedAsync(Action<SqliteSession> mutate) => WriteAsync(mutate, isDurable: false);

    /// <summary>Whether the tree has been indexed, as the transaction of the session sees it.</summary>
    internal static bool IsTreeIndexedIn(SqliteSession session) => ReadMeta(session, IndexedKey) is 1;

    /// <summary>Saves the running clock.</summary>
    internal void SaveClock(SqliteSession session) => WriteMeta(session, ClockKey, Clock.Now);

    /// <summary>A number that is kept about the database as a whole; null when there is none.</summary>
    internal static long? ReadMeta(SqliteSession session, string key) => session.Number("SELECT value FROM meta WHERE key = @1", key);

    /// <summary>Keeps a number about the database as a whole.</summary>
    internal static void WriteMeta(SqliteSession session, string key, long value) => session.Execute(
        "INSERT INTO meta (key, value) VALUES (@1, @2) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value);

    // What an earlier process has left; from here on, this one is not closed in good order until it is.
    private void Begin(SqliteSession session)
    {
        Clock.ContinueFrom(ReadMeta(session, ClockKey) ?? 0);
        WasStoppedUncleanly = ReadMeta(session, CleanKey) is 0;
        if (WasStoppedUncleanly)
        {
            WriteMeta(session, PromisesLostKey, Clock.Now);
        }

        PromisesLostAt = ReadMeta(session, PromisesLostKey);
        IsTreeIndexed = IsTreeIndexedIn(session);
        WriteMeta(session, CleanKey, 0);
    }

    private Task<Result<T>> WriteAsync<T>(Func<SqliteSession, Result<T>> mutate, bool isDurable) =>
        (_writer ?? throw new InvalidOperationException("The database was opened for reading.")).WriteAsync(mutate, isDurable);

    private Task<Result<bool>> WriteAsync(Action<SqliteSession> mutate, bool isDurable) => WriteAsync<bool>(
        session =>
        {
            mutate(session);
            return true;
        },
        isDurable);

    private static bool IsDamage(SqliteException e) => e.SqliteErrorCode is SqliteCorrupt or SqliteNotADatabase;

    private static void Configure(SqliteConnection connection, string pragmas)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = pragmas;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private SqliteConnection Connect(SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = _path,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = 30,
        }.ConnectionString);
        connection.Open();
        return connection;
    }
}
