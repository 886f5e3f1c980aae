using Registry.Core.Storage;

namespace Registry.Storage.Postgres;

/// <summary>
/// The counter of the database, as this process has read it last. All nodes advance it (<see cref="Rows.ClockRows"/>), and statements that compare or set idle
/// times read it themselves.
/// </summary>
internal sealed class PostgresClock : IGraceClock
{
    private long _now;

    public long Now => Volatile.Read(ref _now);

    /// <summary>Learns what a statement has read. An earlier time, read by a slower statement, changes nothing.</summary>
    public void Observe(long seconds)
    {
        for (var before = Now; before < seconds;)
        {
            var found = Interlocked.CompareExchange(ref _now, seconds, before);
            before = found == before ? seconds : found;
        }
    }
}
