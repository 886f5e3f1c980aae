using System.Diagnostics.Metrics;

namespace Registry.Storage.Postgres.Connections;

/// <summary>
/// Reads what Npgsql measures of one pool (its meter <c>Npgsql</c>, which all pools of the process share). Npgsql tells of a caller that waits only when the pool is used
/// up, so a request that finds a connection costs nothing here.
/// </summary>
internal sealed class PoolMetrics : IDisposable
{
    // Semantic conventions of OpenTelemetry, "Database client metrics", and additions of Npgsql.
    private const string Connections = "db.client.connection.count";
    private const string Waiting = "db.client.connection.npgsql.pending_requests";
    private const string TimedOut = "db.client.connection.npgsql.timeouts";
    private const string PoolTag = "db.client.connection.pool.name";
    private const string StateTag = "db.client.connection.state";

    private readonly MeterListener _listener = new();
    private readonly Lock _reading = new();
    private readonly string _pool;
    private long _used;
    private long _idle;
    private long _waits;
    private long _timeouts;

    /// <param name="pool">Name of the pool. With several hosts, the pools of all have it.</param>
    public PoolMetrics(string pool)
    {
        _pool = pool;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "Npgsql", Name: Connections or Waiting or TimedOut })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>(Note);
        _listener.Start();
    }

    /// <summary>Number of times that a caller has waited because all connections of the pool were in use.</summary>
    public long Waits => Interlocked.Read(ref _waits);

    /// <summary>Number of callers that have waited in vain.</summary>
    public long Timeouts => Interlocked.Read(ref _timeouts);

    /// <summary>Counts the connections: in use, and open without a use.</summary>
    public (long Used, long Idle) Read()
    {
        lock (_reading)
        {
            (_used, _idle) = (0, 0);
            _listener.RecordObservableInstruments();
            return (_used, _idle);
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Note(Instrument instrument, int value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        if (Find(tags, PoolTag) != _pool)
        {
            return;
        }

        switch (instrument.Name)
        {
            case Waiting when value > 0:
                Interlocked.Add(ref _waits, value);
                break;
            case TimedOut:
                Interlocked.Add(ref _timeouts, value);
                break;
            case Connections when Find(tags, StateTag) == "used":
                _used += value;
                break;
            case Connections:
                _idle += value;
                break;
        }
    }

    private static string? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var (key, value) in tags)
        {
            if (key == name)
            {
                return value as string;
            }
        }

        return null;
    }
}
