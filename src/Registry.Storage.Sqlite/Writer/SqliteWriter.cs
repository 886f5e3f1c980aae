using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;
using Registry.Core.Errors;
using Registry.Core.Storage;

namespace Registry.Storage.Sqlite.Writer;

/// <summary>
/// Runs all changes of the database on one thread. Light mutations that wait at the same time share a transaction, each in a savepoint of its own: a
/// failed one rolls back only itself, and all complete after the one commit, whose fsync they share. A heavy mutation has a transaction of its own,
/// and the light ones have theirs before the next heavy one (<see cref="WriteQueue"/>).
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    private const int MaxMutationsPerCommit = 512;

    // About 20 ms of the writer.
    private const int MaxRowsPerCommit = 2048;

    private readonly SqliteSession _session;
    private readonly StorageHealth _health;
    private readonly Action _recorded;
    private readonly Action<SqliteSession> _committing;
    private readonly Action _committed;
    private readonly StorageMetrics? _metrics;
    private readonly WriteQueue _queue = new();
    private readonly Thread _thread;
    private SqliteMutation? _held;
    private bool _syncs = true;
    private long _syncedCommits;

    /// <param name="session">Connection of the writer.</param>
    /// <param name="health">Health of the storage.</param>
    /// <param name="recorded">Called after a commit that recorded changes.</param>
    /// <param name="committing">Called before each commit, in its transaction.</param>
    /// <param name="committed">Called after each commit, before its callers continue.</param>
    /// <param name="metrics">Metrics; null for none.</param>
    public SqliteWriter(
        SqliteSession session, StorageHealth health, Action recorded, Action<SqliteSession> committing, Action committed, StorageMetrics? metrics)
    {
        _session = session;
        _health = health;
        _recorded = recorded;
        _committing = committing;
        _committed = committed;
        _metrics = metrics;
        _thread = new Thread(Work) { IsBackground = true, Name = "metadata writer" };
        _thread.Start();
    }

    /// <summary>Number of commits that were synced.</summary>
    public long SyncedCommits => Interlocked.Read(ref _syncedCommits);

    /// <summary>
    /// Runs a mutation in the next transaction. An error result, or an exception, rolls it back. The task ends after the commit.
    /// </summary>
    /// <param name="mutate">The mutation.</param>
    /// <param name="turn">Its place in the queue.</param>
    /// <param name="isDurable">
    /// True if the commit must survive a power cut. Otherwise it survives the end of the process, and needs no sync of its own.
    /// </param>
    public async Task<Result<T>> WriteAsync<T>(Func<SqliteSession, Result<T>> mutate, WriteTurn turn, bool isDurable)
    {
        _health.ThrowIfFailed();
        var mutation = new Mutation<T>(mutate, turn, isDurable);
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
        var batch = new List<SqliteMutation>();
        while (TakeFirst(batch))
        {
            var fault = Commit(batch);
            if ((IsFull(fault) || batch.Any(mutation => IsFull(mutation.Fault))) && _health.TryMakeRoom())
            {
                fault = Commit(batch);
            }

            if (fault is null)
            {
                _committed();
            }

            if (_session.HasChanges)
            {
                _session.HasChanges = false;
                if (fault is null)
                {
                    _recorded();
                }
            }

            foreach (var mutation in batch)
            {
                mutation.Complete(fault);
            }
        }
    }

    // Takes a heavy mutation, or the light ones that wait; false when the writer ends.
    private bool TakeFirst(List<SqliteMutation> batch)
    {
        batch.Clear();
        if ((_held ?? _queue.Take()) is not { } first)
        {
            return false;
        }

        _held = null;
        batch.Add(first);
        var rows = first.Turn.Rows;
        while (TryTakeMore(batch, rows, out var next))
        {
            batch.Add(next);
            rows += next.Turn.Rows;
        }

        return true;
    }

    private bool TryTakeMore(List<SqliteMutation> batch, long rows, [NotNullWhen(true)] out SqliteMutation? next)
    {
        next = null;
        return !batch[0].Turn.IsHeavy && batch.Count < MaxMutationsPerCommit && rows < MaxRowsPerCommit && _queue.TryTakeLight(out next);
    }

    private Exception? Commit(List<SqliteMutation> batch)
    {
        try
        {
            var startedAt = Stopwatch.GetTimestamp();
            CommitBatch(batch);
            _metrics?.Committed(startedAt, batch.Count);
            return null;
        }
        catch (Exception e)
        {
            TryRollback();
            return Translate(e);
        }
    }

    private void CommitBatch(List<SqliteMutation> batch)
    {
        var isDurable = batch.Any(mutation => mutation.IsDurable);
        if (_syncs != isDurable)
        {
            // With a write-ahead log, NORMAL omits the sync of the commit; a later FULL commit covers it.
            _session.Pragma(isDurable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
            _syncs = isDurable;
        }

        _session.Execute("BEGIN IMMEDIATE");
        var rows = 0L;
        foreach (var mutation in batch)
        {
            RunInSavepoint(mutation);
            rows += mutation.Turn.Rows;
        }

        // A second attempt takes no more: it would forget what the first one has held for the next commit.
        while (_held is null && TryTakeMore(batch, rows, out var next))
        {
            if (next.IsDurable && !isDurable)
            {
                _held = next;
                break;
            }

            batch.Add(next);
            rows += next.Turn.Rows;
            RunInSavepoint(next);
        }

        _committing(_session);
        _session.Execute("COMMIT");
        Interlocked.Add(ref _syncedCommits, _syncs ? 1 : 0);
    }

    private void RunInSavepoint(SqliteMutation mutation)
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

        if (SqliteFault.IsSync(e))
        {
            _health.Fail($"the metadata could not be synced: {e.Message}");
        }

        return SqliteFault.OfChange(e);
    }

    private sealed class Mutation<T>(Func<SqliteSession, Result<T>> mutate, WriteTurn turn, bool isDurable) : SqliteMutation(turn, isDurable)
    {
        private readonly TaskCompletionSource<Result<T>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Result<T> _result;

        public Task<Result<T>> Task => _done.Task;

        public override bool Run(SqliteSession session)
        {
            Fault = null;
            try
            {
                _result = mutate(session);
                return _result.Error is null;
            }
            catch (SqliteException e)
            {
                Fault = SqliteFault.OfChange(e);
                return false;
            }
            catch (Exception e)
            {
                Fault = e;
                return false;
            }
        }

        public override void Complete(Exception? fault)
        {
            if ((Fault ?? fault) is { } exception)
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
