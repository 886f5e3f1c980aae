using System.Diagnostics;
using System.Diagnostics.Metrics;
using Npgsql;
using Registry.Core.Collection;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Connections;
using Registry.Storage.Postgres.Locks;
using Registry.Storage.Postgres.Nodes;
using Registry.Storage.Postgres.Rows;
using Registry.Storage.Postgres.Schema;
using Registry.Storage.Postgres.Totals;

namespace Registry.Storage.Postgres;

/// <summary>
/// A database of PostgreSQL: a pool of connections, for queries and for changes. A change is one transaction at READ COMMITTED, which first locks what it
/// decides on (<see cref="RepositoryLock"/>, <see cref="ContentRows.LockAndAdd"/>) and decides in a later statement.
/// </summary>
public sealed class PostgresDatabase : IAsyncDisposable
{
    // A restart of the server takes up to 2 s.
    private static readonly TimeSpan[] Pauses = [.. new[] { 5, 20, 100, 400, 800, 1600 }.Select(milliseconds => TimeSpan.FromMilliseconds(milliseconds))];

    private readonly NpgsqlDataSource _source;
    private readonly int _poolSize;
    private readonly StorageMetrics? _metrics;
    private readonly PostgresMetrics _ownMetrics;
    private readonly RepositoryTurns _turns = new();
    private readonly Heartbeat _heartbeat;
    private long _lastPosition;
    private long _syncedCommits;

    private PostgresDatabase(NpgsqlDataSource source, PostgresSettings settings, StorageMetrics? metrics, PostgresMetrics ownMetrics, string address)
    {
        _source = source;
        Address = address;
        _poolSize = settings.PoolSize;
        _metrics = metrics;
        _ownMetrics = ownMetrics;
        _heartbeat = new Heartbeat(this, settings.CountsTime, ownMetrics);
    }

    /// <summary>Called after changes have got their positions, from this or another process.</summary>
    internal event Action? ChangesRecorded;

    /// <summary>This process, among those that share the database.</summary>
    internal Guid Process { get; } = Guid.NewGuid();

    /// <summary>Server and database for people, such as <c>the database registry of PostgreSQL at db:5432</c>.</summary>
    public string Address { get; }

    /// <summary>Clock of the grace periods.</summary>
    public IGraceClock Clock => CountedClock;

    /// <summary>The same, which learns the time from statements.</summary>
    internal PostgresClock CountedClock { get; } = new();

    /// <summary>Number of commits of this process so far that survive a power cut of the server.</summary>
    internal long SyncedCommits => Interlocked.Read(ref _syncedCommits);

    /// <summary>See <see cref="ICollectorMetadata.PausedUntil"/>.</summary>
    internal long PausedUntil { get; private set; }

    /// <summary>True once the database covers the storage that was imported into it.</summary>
    internal bool IsTreeIndexed { get; private set; }

    /// <summary>Version of the schema of the database, if it is newer than the one that this program knows; null if it is not.</summary>
    public long? NewerSchema { get; private init; }

    /// <summary>Connects, and brings the schema up to date.</summary>
    /// <param name="settings">The connection.</param>
    /// <param name="metrics">Metrics of the storage, for durable commits; null to measure nothing.</param>
    /// <exception cref="StorageException">The server cannot be used; the message is a sentence for the operator.</exception>
    public static async Task<PostgresDatabase> OpenAsync(PostgresSettings settings, StorageMetrics? metrics = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var connection = ConnectionString.Read(settings);
        var server = ConnectionString.NameOf(connection);
        var pool = $"registry-{Guid.NewGuid():N}";
        var source = new NpgsqlSlimDataSourceBuilder(connection.ConnectionString) { Name = pool }.EnableArrays().EnableTransportSecurity().Build();
        var ownMetrics = new PostgresMetrics(pool, settings.PoolSize);
        try
        {
            long schema;
            await using (var opened = await source.OpenConnectionAsync())
            {
                schema = await PostgresSchema.UpgradeAsync(opened, server);
            }

            var database = new PostgresDatabase(source, settings, metrics, ownMetrics, ConnectionString.AddressOf(connection.Database, server))
            {
                NewerSchema = schema > PostgresSchema.Version ? schema : null,
            };
            await database.BeginAsync();
            return database;
        }
        catch (Exception e)
        {
            ownMetrics.Dispose();
            await source.DisposeAsync();
            throw PostgresFault.OfOpening(e, server, connection);
        }
    }

    /// <inheritdoc cref="PostgresMetrics.AddTo"/>
    public void AddMetricsTo(Meter meter) => _ownMetrics.AddTo(meter);

    /// <summary>Reads the totals of the storage, with all changes that are committed. The time does not depend on what is stored.</summary>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    public Task<StorageTotals> ReadTotalsAsync() => ReadAsync(TotalRows.ReadAsync);

    /// <summary>
    /// Takes the turn of periodic work, which one node does in each period by the clock of the server. Nothing is held: if the node ends before the work does, the next
    /// turn is a period later.
    /// </summary>
    /// <param name="work">Name of the work, the same on all nodes.</param>
    /// <param name="period">Time from turn to turn.</param>
    /// <returns>True if the work is this node's; false if a node has taken the turn within the period.</returns>
    /// <exception cref="StorageException">The database cannot be written.</exception>
    public async Task<bool> TakeTurnAsync(string work, TimeSpan period)
    {
        var taken = await WriteAsync<List<bool>>(
            session => Task.FromResult<Result<List<bool>>>(TurnRows.Take(session, work, (long)period.TotalMilliseconds)), isDurable: false, isRepeatable: true);
        return taken.Value.Count > 0;
    }

    /// <summary>
    /// Compares the connections that the running nodes may open with those that the server has for them. A node that was killed counts for another 15 seconds.
    /// </summary>
    /// <returns>A sentence for the operator if there are too few; null if there are enough.</returns>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    public async Task<string?> DescribeShortageAsync() => (await ReadAsync(session => ConnectionDemand.ReadAsync(session, Process, _poolSize)))?.Describe();

    /// <summary>Closes the connections. Other processes may take over the uploads of this one at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        try
        {
            await WriteAsync(session => ProcessRows.Remove(session, Process), isDurable: false);
        }
        catch (StorageException)
        {
            // The row ends by itself.
        }

        await _source.DisposeAsync();
    }

    /// <summary>Tests that the database can be written.</summary>
    /// <exception cref="StorageException">It cannot be written.</exception>
    public Task TryWriteAsync() => WriteAsync(session => ProcessRows.Renew(session, Process), isDurable: false, isRepeatable: true);

    /// <summary>Closes the connections as a kill does: the database learns nothing of it.</summary>
    internal async ValueTask AbandonAsync()
    {
        await StopAsync();
        await _source.DisposeAsync();
    }

    /// <summary>Runs queries. They are repeated when the connection is cut.</summary>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    internal async Task<T> ReadAsync<T>(Func<PostgresSession, Task<T>> query)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync();
                var read = await query(new PostgresSession(connection));
                _ownMetrics.Answered();
                return read;
            }
            catch (Exception e) when (attempt < Pauses.Length && PostgresFault.IsCut(e))
            {
                await PauseAsync(attempt, e);
            }
            catch (Exception e)
            {
                throw PostgresFault.OfQuery(e);
            }
        }
    }

    /// <summary>
    /// Runs a mutation in a transaction, perhaps several times: after a conflict with another one, and after a cut connection unless the commit was sent. An
    /// error result, or an exception, rolls it back.
    /// </summary>
    /// <param name="mutate">The mutation.</param>
    /// <param name="isDurable">True if the commit must survive a power cut of the server.</param>
    /// <param name="isRepeatable">
    /// True if the mutation changes nothing more when it is made twice. Then it runs again also after a connection that was cut during the commit.
    /// </param>
    /// <exception cref="StorageException">The database cannot be written.</exception>
    internal async Task<Result<T>> WriteAsync<T>(Func<PostgresSession, Task<Result<T>>> mutate, bool isDurable = true, bool isRepeatable = false)
    {
        using var activity = isDurable ? StorageMetrics.Activities.StartActivity("metadata commit") : null;
        for (var attempt = 0; ; attempt++)
        {
            PostgresSession? session = null;
            try
            {
                await using var connection = await _source.OpenConnectionAsync();
                session = new PostgresSession(connection);
                var written = await RunAsync(session, mutate, isDurable);
                _ownMetrics.Answered();
                return written;
            }
            catch (Exception e) when (attempt < Pauses.Length
                && (PostgresFault.IsUndone(e) || (PostgresFault.IsCut(e) && (isRepeatable || session?.IsCommitSent is not true))))
            {
                await PauseAsync(attempt, e);
            }
            catch (Exception e)
            {
                throw PostgresFault.OfChange(e, session?.IsCommitSent is true);
            }
        }
    }

    /// <summary>Runs a mutation that has a repository for itself (<see cref="RepositoryLock"/>).</summary>
    /// <inheritdoc cref="WriteAsync{T}(Func{PostgresSession, Task{Result{T}}}, bool, bool)"/>
    internal async Task<Result<T>> WriteAloneAsync<T>(RepositoryName repository, Func<PostgresSession, Task<Result<T>>> mutate)
    {
        using var turn = await _turns.TakeAsync(repository);
        return await WriteAsync(session =>
        {
            RepositoryLock.Take(session, repository);
            return mutate(session);
        });
    }

    /// <summary>Runs a mutation that has two repositories for itself, which are not the same.</summary>
    /// <inheritdoc cref="WriteAsync{T}(Func{PostgresSession, Task{Result{T}}}, bool, bool)"/>
    internal async Task<Result<T>> WriteAloneAsync<T>(RepositoryName one, RepositoryName other, Func<PostgresSession, Task<Result<T>>> mutate)
    {
        // Always in the same order, so that no two wait for each other.
        var isInOrder = string.CompareOrdinal(one.Value, other.Value) < 0;
        using var first = await _turns.TakeAsync(isInOrder ? one : other);
        using var second = await _turns.TakeAsync(isInOrder ? other : one);
        return await WriteAsync(session =>
        {
            RepositoryLock.Take(session, one, other);
            return mutate(session);
        });
    }

    /// <summary>Runs a mutation without a result, whose statements are sent with the commit.</summary>
    /// <inheritdoc cref="WriteAsync{T}(Func{PostgresSession, Task{Result{T}}}, bool, bool)"/>
    internal Task WriteAsync(Action<PostgresSession> mutate, bool isDurable = true, bool isRepeatable = false) => WriteAsync<bool>(
        session =>
        {
            mutate(session);
            return Task.FromResult<Result<bool>>(true);
        },
        isDurable,
        isRepeatable);

    /// <summary>Records that the database covers what was imported into it.</summary>
    internal async Task SetTreeIndexedAsync()
    {
        await WriteAsync(session => MetaRows.Write(session, MetaRows.Indexed, 1));
        IsTreeIndexed = true;
    }

    /// <summary>See <see cref="ICollectorMetadata.SaveClockAsync"/>. The clock is in the database anyway.</summary>
    internal async Task<long> SavePauseAsync(long pausedUntil)
    {
        var latest = await WriteAsync<long>(async session => await MetaRows.RaiseAsync(session, MetaRows.Paused, pausedUntil));
        return latest.Value;
    }

    /// <summary>Gives positions to the changes that are committed, and tells of them, and of those that another process has given.</summary>
    internal async Task PassFeedAsync()
    {
        var startedAt = Stopwatch.GetTimestamp();
        var end = await ReadAsync(FeedRows.FindEndAsync);
        if (end.IsWaiting)
        {
            await WriteAsync(
                session =>
                {
                    FeedRows.Lock(session);
                    FeedRows.GivePositions(session);
                },
                isDurable: false);
            end = await ReadAsync(FeedRows.FindEndAsync);
        }

        _ownMetrics.Passed(startedAt);
        var before = Volatile.Read(ref _lastPosition);
        if (end.Last > before && Interlocked.CompareExchange(ref _lastPosition, end.Last, before) == before)
        {
            ChangesRecorded?.Invoke();
        }
    }

    /// <summary>Adds up what has changed in the totals since the last time.</summary>
    internal Task FoldTotalsAsync() => WriteAsync(TotalRows.Fold, isDurable: false);

    private async Task BeginAsync()
    {
        await _heartbeat.RenewAsync();
        var saved = await ReadAsync(MetaRows.ReadAsync);
        PausedUntil = saved.GetValueOrDefault(MetaRows.Paused);
        IsTreeIndexed = saved.GetValueOrDefault(MetaRows.Indexed) == 1;
        _lastPosition = (await ReadAsync(FeedRows.FindEndAsync)).Last;
        await _heartbeat.BeginAsync();
    }

    private async Task StopAsync()
    {
        await _heartbeat.DisposeAsync();
        _ownMetrics.Dispose();
    }

    private async Task<Result<T>> RunAsync<T>(PostgresSession session, Func<PostgresSession, Task<Result<T>>> mutate, bool isDurable)
    {
        var startedAt = Stopwatch.GetTimestamp();
        session.Queue("BEGIN ISOLATION LEVEL READ COMMITTED");
        if (!isDurable)
        {
            session.Queue("SET LOCAL synchronous_commit = off");
        }

        var result = await mutate(session);
        if (result.Error is not null || session.IsAbandoned)
        {
            await session.RollBackAsync();
            return result;
        }

        await session.CommitAsync();
        if (isDurable)
        {
            Interlocked.Increment(ref _syncedCommits);
            _metrics?.Committed(startedAt, mutations: 1);
        }

        return result;
    }

    // With jitter, since all nodes lose their connections at the same time.
    private Task PauseAsync(int attempt, Exception cause)
    {
        _ownMetrics.Repeated(cause);
        return Task.Delay(Pauses[attempt] * (0.5 + Random.Shared.NextDouble()));
    }
}
