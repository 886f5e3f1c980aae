using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;
using Registry.Core.Errors;

namespace Registry.Core.Storage.Sqlite;

/// <summary>
/// Runs all changes of the database on one thread. Mutations that wait at the same time share a transaction, each in a savepoint of its own: a
/// failed one rolls back only itself, and all complete after the one commit, whose fsync they share.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    /// <summary>SQLITE_FULL: no space is left.</summary>
    public const int SqliteFull = 13;

    private const int MaxMutationsPerCommit = 512;
    private const int SqliteIoErrorFsync = 10 | (4 << 8);
    private const int SqliteIoErrorDirectoryFsync = 10 | (5 << 8);

    private readonly SqliteSession _session;
    private readonly StorageHealth _health;
    private readonly Action _journalWritten;
    private readonly MutationQueue _queue = new();
    private readonly Thread _thread;
    private IMutation? _held;
    private bool _syncs = true;

    public SqliteWriter(SqliteSession session, StorageHealth health, Action journalWritten)
    {
        _session = session;
        _health = health;
        _journalWritten = journalWritten;
        _thread = new Thread(Work) { IsBackground = true, Name = "metadata writer" };
        _thread.Start();
    }

    private interface IMutation
    {
        /// <summary>True if it must survive a power cut.</summary>
        bool IsDurable { get; }

        /// <summary>Exception that it threw; null if it did not.</summary>
        Exception? Fault { get; }

        /// <summary>Runs it, perhaps a second time; false if its changes must be rolled back.</summary>
        bool Run(SqliteSession session);

        /// <summary>Completes the caller's task; a fault here is one of the whole transaction.</summary>
        void Complete(Exception? fault);
    }

    /// <summary>
    /// Runs a mutation in the next transaction. An error result, or an exception, rolls it back. The task ends after the commit.
    /// </summary>
    /// <param name="mutate">The mutation.</param>
    /// <param name="isDurable">
    /// True if the commit must survive a power cut. Otherwise it survives the end of the process, and needs no sync of its own.
    /// </param>
    public async Task<Result<T>> WriteAsync<T>(Func<SqliteSession, Result<T>> mutate, bool isDurable)
    {
        _health.ThrowIfFailed();
        var mutation = new Mutation<T>(mutate, isDurable);
        if (!_queue.TryAdd(mutation))
        {
            throw new StorageException("The metadata has been closed.");
        }

        using var activity = StorageMetrics.Activities.StartActivity("metadata commit");
        return await mutation.Task;
    }

    public void Dispose()
    {
        _queue.Close();
        _thread.Join();
        _session.Dispose();
    }

    private void Work()
    {
        var batch = new List<IMutation>();
        while (TakeFirst(batch))
        {
            var fault = Commit(batch);
            if ((IsFull(fault) || batch.Any(mutation => IsFull(mutation.Fault))) && _health.TryMakeRoom())
            {
                fault = Commit(batch);
            }

            if (_session.HasJournaled)
            {
                _session.HasJournaled = false;
                if (fault is null)
                {
                    _journalWritten();
                }
            }

            foreach (var mutation in batch)
            {
                mutation.Complete(fault);
            }
        }
    }

    // Takes all waiting mutations; false when the writer ends.
    private bool TakeFirst(List<IMutation> batch)
    {
        batch.Clear();
        if (_held is { } held)
        {
            batch.Add(held);
            _held = null;
        }
        else if (_queue.Take() is { } first)
        {
            batch.Add(first);
        }

        while (batch.Count is > 0 and < MaxMutationsPerCommit && _queue.TryTake(out var next))
        {
            batch.Add(next);
        }

        return batch.Count > 0;
    }

    private Exception? Commit(List<IMutation> batch)
    {
        try
        {
            var startedAt = Stopwatch.GetTimestamp();
            CommitBatch(batch);
            StorageMetrics.Committed(startedAt, batch.Count);
            return null;
        }
        catch (Exception e)
        {
            TryRollback();
            return Translate(e);
        }
    }

    private void CommitBatch(List<IMutation> batch)
    {
        var isDurable = batch.Any(mutation => mutation.IsDurable);
        if (_syncs != isDurable)
        {
            // With a write-ahead log, NORMAL omits the sync of the commit; a later FULL commit covers it.
            _session.Pragma(isDurable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
            _syncs = isDurable;
        }

        _session.Execute("BEGIN IMMEDIATE");
        foreach (var mutation in batch)
        {
            RunInSavepoint(mutation);
        }

        while (batch.Count < MaxMutationsPerCommit && _queue.TryTake(out var next))
        {
            if (next.IsDurable && !isDurable)
            {
                _held = next;
                break;
            }

            batch.Add(next);
            RunInSavepoint(next);
        }

        _session.Execute("COMMIT");
    }

    private void RunInSavepoint(IMutation mutation)
    {
        _session.Execute("SAVEPOINT mutation");
        if (!mutation.Run(_session))
        {
            // Throws when SQLite has ended the transaction by itself (a full disk, an I/O error): then the whole batch has failed.
            _session.Execute("ROLLBACK TO mutation");
        }

        _session.Execute("RELEASE mutation");
    }

    private void TryRollback()
    {
        try
        {
            _session.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has rolled back by itself.
        }
    }

    private static bool IsFull(Exception? fault) => fault is StorageException { IsFull: true };

    private Exception Translate(Exception fault)
    {
        if (fault is not SqliteException e)
        {
            return fault;
        }

        if (e.SqliteExtendedErrorCode is SqliteIoErrorFsync or SqliteIoErrorDirectoryFsync)
        {
            _health.Fail($"the metadata could not be synced: {e.Message}");
        }

        return new StorageException($"The metadata could not be written: {e.Message}", isFull: e.SqliteErrorCode == SqliteFull);
    }

    // A waiting thread sleeps at once; BlockingCollection would let it spin first, after each commit.
    private sealed class MutationQueue
    {
        private readonly object _lock = new();
        private readonly Queue<IMutation> _waiting = new();
        private bool _closed;

        public bool TryAdd(IMutation mutation)
        {
            lock (_lock)
            {
                if (_closed)
                {
                    return false;
                }

                _waiting.Enqueue(mutation);
                Monitor.Pulse(_lock);
                return true;
            }
        }

        public bool TryTake([NotNullWhen(true)] out IMutation? mutation)
        {
            lock (_lock)
            {
                return _waiting.TryDequeue(out mutation);
            }
        }

        /// <summary>Takes the next mutation, and waits for one; null when the queue is empty and closed.</summary>
        public IMutation? Take()
        {
            lock (_lock)
            {
                while (_waiting.Count == 0 && !_closed)
                {
                    Monitor.Wait(_lock);
                }

                return _waiting.TryDequeue(out var mutation) ? mutation : null;
            }
        }

        public void Close()
        {
            lock (_lock)
            {
                _closed = true;
                Monitor.Pulse(_lock);
            }
        }
    }

    private sealed class Mutation<T>(Func<SqliteSession, Result<T>> mutate, bool isDurable) : IMutation
    {
        private readonly TaskCompletionSource<Result<T>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Result<T> _result;
        private Exception? _exception;

        public bool IsDurable => isDurable;

        public Exception? Fault => _exception;

        public Task<Result<T>> Task => _done.Task;

        public bool Run(SqliteSession session)
        {
            _exception = null;
            try
            {
                _result = mutate(session);
                return _result.Error is null;
            }
            catch (SqliteException e)
            {
                _exception = new StorageException(
                    $"The metadata could not be written: {e.Message}", isFull: e.SqliteErrorCode == SqliteFull);
                return false;
            }
            catch (Exception e)
            {
                _exception = e;
                return false;
            }
        }

        public void Complete(Exception? fault)
        {
            if ((_exception ?? fault) is { } exception)
            {
                _done.SetException(exception);
            }
            else
            {
                _done.SetResult(_result);
            }
        }
    }
}
