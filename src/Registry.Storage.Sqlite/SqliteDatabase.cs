using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Collection;
using Registry.Core.Errors;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>
/// The database file: one writer, several readers. Readers see the last commit and never wait for the writer (write-ahead log).
/// </summary>
public sealed class SqliteDatabase : IDisposable
{
    private const int ReaderThreads = 4;

    // A large change (indexing a repository, a manifest with very many references) makes a large log, which would otherwise be kept.
    private const int MaxIdleLogBytes = 16 * 1024 * 1024;

    private const string CleanKey = "stopped_cleanly";
    private const string ClockKey = "running_seconds";
    private const string PausedKey = "collection_paused_until";
    private const string IndexedKey = "tree_indexed";
    private const string BucketKey = "blobs_in_bucket";

    private readonly string _path;
    private readonly StorageHealth _health;
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private readonly RunningClock _clock;
    private readonly StorageThreads _threads;
    private readonly SqliteWriter? _writer;
    private long _stagedWeight;

    // Of the writer, from before a commit until after it.
    private long _nextStagedWeight;

    private SqliteDatabase(string path, StorageHealth health, TimeProvider time, StorageMetrics? metrics)
    {
        _path = path;
        _health = health;
        _clock = new RunningClock(time);
        var connection = Connect(SqliteOpenMode.ReadWriteCreate);
        var session = new SqliteSession(connection);
        try
        {
            Configure(
                connection,
                $"{SqliteSession.TemporariesInMemory} PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = FAST; PRAGMA journal_size_limit = {MaxIdleLogBytes};");
            SqliteSchema.Migrate(connection, path);
            Begin(session);
            _stagedWeight = StagedRows.ReadWeight(session);
        }
        catch
        {
            session.Dispose();
            throw;
        }

        _threads = new StorageThreads("metadata reader", ReaderThreads);
        _writer = new SqliteWriter(session, health, () => ChangesRecorded?.Invoke(), Committing, Committed, metrics);
    }

    // For use next to the process that writes it.
    private SqliteDatabase(string path)
    {
        _path = path;
        _health = new StorageHealth(NullLogger<StorageHealth>.Instance);
        _clock = new RunningClock(TimeProvider.System);
        _stagedWeight = long.MaxValue;
        using (var connection = Connect(SqliteOpenMode.ReadWrite))
        {
            SqliteSchema.Check(connection, path);
            using var session = new SqliteSession(connection);
            IsTreeIndexed = IsTreeIndexedIn(session);
            HasBlobsInBucket = ReadMeta(session, BucketKey) is 1;
        }

        _threads = new StorageThreads("metadata reader", ReaderThreads);
    }

    /// <summary>Called after a commit that recorded changes.</summary>
    internal event Action? ChangesRecorded;

    /// <summary>Called after a commit while content is staged.</summary>
    internal event Action? Staged;

    /// <summary>Number of commits that were synced, for tests that must tell them from others.</summary>
    internal long SyncedCommits => _writer?.SyncedCommits ?? 0;

    /// <summary>See <see cref="IStagedContent.Weight"/>.</summary>
    internal long StagedWeight => Volatile.Read(ref _stagedWeight);

    /// <summary>Clock of the grace periods.</summary>
    public IGraceClock Clock => _clock;

    /// <summary>See <see cref="ICollectorMetadata.PausedUntil"/>.</summary>
    internal long PausedUntil { get; private set; }

    /// <summary>True if the previous process had not closed the database.</summary>
    public bool WasStoppedUncleanly { get; private set; }

    /// <summary>True once the database covers the whole repositories tree.</summary>
    public bool IsTreeIndexed { get; private set; }

    /// <summary>True if the bytes are objects of a bucket, whose keys the database has, and not files beside it.</summary>
    public bool HasBlobsInBucket { get; private set; }

    /// <summary>Opens the database, and creates it if it does not exist.</summary>
    /// <param name="path">File of the database.</param>
    /// <param name="health">Health of the storage, which allows or stops writes.</param>
    /// <param name="time">Counts the running time, which continues from what the database has saved.</param>
    /// <param name="metrics">Metrics; null for none.</param>
    /// <exception cref="StorageException">The database cannot be opened, a newer version wrote it, or the disk is full.</exception>
    public static SqliteDatabase Open(string path, StorageHealth health, TimeProvider time, StorageMetrics? metrics = null)
    {
        try
        {
            return new SqliteDatabase(path, health, time, metrics);
        }
        catch (SqliteException e)
        {
            if (SqliteFault.IsFullAtOpen(e))
            {
                throw new StorageException($"cannot be used: {e.Message}", isFull: true);
            }

            throw new StorageException(
                $"holds a {Path.GetFileName(path)} that cannot be opened: {e.Message}{SqliteFault.Remedy(e)}", e);
        }
    }

    /// <summary>Opens an existing database for reading, next to the process that writes it, if there is one.</summary>
    /// <exception cref="StorageException">The database cannot be opened, or another version wrote it.</exception>
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

    /// <summary>Reads the totals of the storage.</summary>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    public Task<StorageTotals> ReadTotalsAsync() => ReadAsync(ContentRows.ReadTotals);

    /// <summary>Copies a consistent snapshot of the database into a new file. Writers continue meanwhile.</summary>
    /// <exception cref="StorageException">The database cannot be read, or the copy cannot be written.</exception>
    public Task CopyAsync(string target) => _threads.RunAsync(() =>
    {
        try
        {
            using var source = Connect(SqliteOpenMode.ReadWrite);
            SqliteSnapshot.Write(source, target);
        }
        catch (SqliteException e)
        {
            throw new StorageException($"The metadata could not be copied to {target}: {e.Message}", SqliteFault.IsFull(e));
        }
    });

    /// <summary>Records that the database covers the whole tree.</summary>
    public async Task SetTreeIndexedAsync()
    {
        await WriteAsync(session => WriteMeta(session, IndexedKey, 1));
        IsTreeIndexed = true;
    }

    /// <summary>Records that the bytes are objects of a bucket. There is no tree, so the database covers all of it.</summary>
    public async Task SetBlobsInBucketAsync()
    {
        await WriteAsync(session =>
        {
            WriteMeta(session, BucketKey, 1);
            WriteMeta(session, IndexedKey, 1);
        });
        HasBlobsInBucket = IsTreeIndexed = true;
    }

    /// <summary>Closes the database cleanly.</summary>
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
    /// <exception cref="InsufficientMemoryException">SQLite found no memory.</exception>
    internal Task<T> ReadAsync<T>(Func<SqliteSession, T> query) => _threads.RunAsync(() =>
    {
        _ = _readers.TryTake(out var session);
        try
        {
            return query(session ??= OpenReader());
        }
        catch (SqliteException e)
        {
            throw SqliteFault.OfQuery(e);
        }
        finally
        {
            if (session is not null)
            {
                _readers.Add(session);
            }
        }
    });

    /// <summary>Runs a mutation. An error result rolls it back.</summary>
    /// <param name="mutate">The mutation.</param>
    /// <param name="turn">Its place in the queue of the writer; the default is that of a small change of the registry itself.</param>
    /// <exception cref="StorageException">The database cannot be written.</exception>
    /// <exception cref="InsufficientMemoryException">SQLite found no memory.</exception>
    internal Task<Result<T>> WriteAsync<T>(Func<SqliteSession, Result<T>> mutate, WriteTurn turn = default) => WriteAsync(mutate, turn, isDurable: true);

    /// <summary>Runs a mutation without a result.</summary>
    /// <inheritdoc cref="WriteAsync{T}(Func{SqliteSession, Result{T}}, WriteTurn)"/>
    internal Task WriteAsync(Action<SqliteSession> mutate, WriteTurn turn = default) => WriteAsync(mutate, turn, isDurable: true);

    /// <summary>Runs a mutation without a result that survives the end of the process, but perhaps not a power cut.</summary>
    /// <inheritdoc cref="WriteAsync{T}(Func{SqliteSession, Result{T}}, WriteTurn)"/>
    internal Task WriteUnsyncedAsync(Action<SqliteSession> mutate, WriteTurn turn = default) => WriteAsync(mutate, turn, isDurable: false);

    /// <summary>True if the tree has been indexed, as the transaction of the session sees it.</summary>
    internal static bool IsTreeIndexedIn(SqliteSession session) => ReadMeta(session, IndexedKey) is 1;

    /// <summary>Time now, in seconds of the clock; content that has been idle since before has been so for longer than the grace period.</summary>
    internal long IdleBefore(TimeSpan grace) => _clock.Now - (long)grace.TotalSeconds;

    /// <summary>See <see cref="ICollectorMetadata.SaveClockAsync"/>.</summary>
    internal async Task<long> SaveClockAsync(long pausedUntil)
    {
        var saved = await WriteAsync<long>(session =>
        {
            var latest = Math.Max(pausedUntil, ReadMeta(session, PausedKey) ?? 0);
            SaveClock(session);
            WriteMeta(session, PausedKey, latest);
            return latest;
        });
        return saved.Value;
    }

    /// <summary>Reads the running clock that was saved last.</summary>
    internal static long ReadClock(SqliteSession session) => ReadMeta(session, ClockKey) ?? 0;

    /// <summary>Reads a number about the whole database; null if there is none.</summary>
    internal static long? ReadMeta(SqliteSession session, string key) => session.Number("SELECT value FROM meta WHERE key = @1", key);

    /// <summary>Writes a number about the whole database.</summary>
    internal static void WriteMeta(SqliteSession session, string key, long value) => session.Execute(
        "INSERT INTO meta (key, value) VALUES (@1, @2) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value);

    // Never more than the clock, so a crash can only set it back: content that was idle then stays longer, never shorter.
    private void SaveClock(SqliteSession session) => WriteMeta(session, ClockKey, _clock.Now);

    // Reads what an earlier process has saved. From here on, the database counts as not closed until this process closes it.
    private void Begin(SqliteSession session)
    {
        _clock.ContinueFrom(ReadClock(session));
        WasStoppedUncleanly = ReadMeta(session, CleanKey) is 0;
        PausedUntil = ReadMeta(session, PausedKey) ?? 0;
        IsTreeIndexed = IsTreeIndexedIn(session);
        HasBlobsInBucket = ReadMeta(session, BucketKey) is 1;
        WriteMeta(session, CleanKey, 0);
    }

    // Readers see a row from the commit on, and must look for it then: the weight never lags behind. If the commit fails, it is too large until the next one.
    private void Committing(SqliteSession session)
    {
        try
        {
            _nextStagedWeight = StagedRows.ReadWeight(session);
        }
        catch (SqliteException)
        {
            // Until the weight can be read, readers look for rows, and small content goes to its file first.
            _nextStagedWeight = Staging.MaxWeight;
        }

        Volatile.Write(ref _stagedWeight, Math.Max(StagedWeight, _nextStagedWeight));
    }

    private void Committed()
    {
        Volatile.Write(ref _stagedWeight, _nextStagedWeight);
        if (StagedWeight > 0)
        {
            Staged?.Invoke();
        }
    }

    private Task<Result<T>> WriteAsync<T>(Func<SqliteSession, Result<T>> mutate, WriteTurn turn, bool isDurable) =>
        (_writer ?? throw new InvalidOperationException("The database was opened for reading.")).WriteAsync(mutate, turn, isDurable);

    private Task<Result<bool>> WriteAsync(Action<SqliteSession> mutate, WriteTurn turn, bool isDurable) => WriteAsync<bool>(
        session =>
        {
            mutate(session);
            return true;
        },
        turn,
        isDurable);

    private static void Configure(SqliteConnection connection, string pragmas)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = pragmas;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private SqliteSession OpenReader()
    {
        var session = new SqliteSession(Connect(SqliteOpenMode.ReadWrite));
        try
        {
            session.Pragma($"{SqliteSession.TemporariesInMemory} PRAGMA query_only = ON;");
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
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
