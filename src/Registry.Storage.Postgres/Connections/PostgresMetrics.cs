using System.Diagnostics;
using System.Diagnostics.Metrics;
using Npgsql;

namespace Registry.Storage.Postgres.Connections;

/// <summary>Counts what happens between a node and its database. A scrape reads the counters and makes no query: the node asks the database all the time anyway.</summary>
/// <param name="pool">Name of the pool.</param>
/// <param name="poolSize">Connections at most.</param>
internal sealed class PostgresMetrics(string pool, int poolSize) : IDisposable
{
    // Longer than a restart of the server takes, and much longer than the time between two beats.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly KeyValuePair<string, object?> Used = new("registry.state", "used");
    private static readonly KeyValuePair<string, object?> Idle = new("registry.state", "idle");
    private static readonly KeyValuePair<string, object?> Deadlock = new("registry.reason", "deadlock");
    private static readonly KeyValuePair<string, object?> Conflict = new("registry.reason", "conflict");
    private static readonly KeyValuePair<string, object?> Connection = new("registry.reason", "connection");

    private readonly PoolMetrics _pool = new(pool);
    private long _deadlocks;
    private long _conflicts;
    private long _cuts;
    private long _answeredAt = Stopwatch.GetTimestamp();
    private long _passedAt = Stopwatch.GetTimestamp();
    private long _nodes = 1;

    /// <summary>Creates the instruments.</summary>
    /// <param name="meter">Meter of the host.</param>
    public void AddTo(Meter meter)
    {
        meter.CreateObservableGauge(
            "registry.postgres.reachable", () => Stopwatch.GetElapsedTime(Volatile.Read(ref _answeredAt)) < Patience ? 1 : 0, null, "1 if PostgreSQL has answered within the last 10 seconds, else 0.");
        meter.CreateObservableUpDownCounter(
            "registry.postgres.connections",
            () => _pool.Read() is var (used, idle) ? new Measurement<long>[] { new(used, Used), new(idle, Idle) } : [],
            "{connection}",
            "Open connections to PostgreSQL, by state.");
        meter.CreateObservableUpDownCounter("registry.postgres.connections.limit", () => poolSize, "{connection}", "Connections to PostgreSQL that there may be.");
        meter.CreateObservableCounter(
            "registry.postgres.connection.waits", () => _pool.Waits, "{wait}", "Times that a query or change waited because all connections to PostgreSQL were in use.");
        meter.CreateObservableCounter(
            "registry.postgres.connection.timeouts", () => _pool.Timeouts, "{timeout}", "Queries and changes that failed because no connection to PostgreSQL became free in time.");
        meter.CreateObservableCounter(
            "registry.postgres.retries",
            () => new Measurement<long>[]
            {
                new(Interlocked.Read(ref _deadlocks), Deadlock), new(Interlocked.Read(ref _conflicts), Conflict), new(Interlocked.Read(ref _cuts), Connection),
            },
            "{retry}",
            "Queries and changes that were repeated, by reason.");
        meter.CreateObservableGauge(
            "registry.postgres.feed.lag",
            () => Stopwatch.GetElapsedTime(Volatile.Read(ref _passedAt)).TotalSeconds,
            "s",
            "Age of the change feed: all changes that were committed before are in it.");
        meter.CreateObservableUpDownCounter("registry.postgres.nodes", () => Volatile.Read(ref _nodes), "{node}", "Processes that use the database, as this one has counted them last.");
    }

    /// <summary>Notes that the database has answered.</summary>
    public void Answered() => Volatile.Write(ref _answeredAt, Stopwatch.GetTimestamp());

    /// <summary>Notes that the change feed has all changes that were committed before a time.</summary>
    /// <param name="at">The time, as a timestamp of <see cref="Stopwatch"/>.</param>
    public void Passed(long at) => Volatile.Write(ref _passedAt, at);

    /// <summary>Notes how many processes run.</summary>
    public void Counted(long nodes) => Volatile.Write(ref _nodes, nodes);

    /// <summary>Counts a repetition.</summary>
    /// <param name="cause">What ended the attempt before.</param>
    public void Repeated(Exception cause)
    {
        if (PostgresFault.IsCut(cause))
        {
            Interlocked.Increment(ref _cuts);
        }
        else if (cause is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected })
        {
            Interlocked.Increment(ref _deadlocks);
        }
        else
        {
            Interlocked.Increment(ref _conflicts);
        }
    }

    public void Dispose() => _pool.Dispose();
}
