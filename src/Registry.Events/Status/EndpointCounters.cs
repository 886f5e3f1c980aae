using Registry.Core.Events;

namespace Registry.Events.Status;

/// <summary>Counts what becomes of the events of an endpoint in this process.</summary>
/// <param name="time">The clock.</param>
internal sealed class EndpointCounters(TimeProvider time)
{
    private readonly long[] _heads = new long[EventLane.Count];
    private long _delivered;
    private long _failed;
    private long _setAside;

    /// <summary>Number of events that were delivered.</summary>
    public long Delivered => Interlocked.Read(ref _delivered);

    /// <summary>Number of attempts that failed.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>Number of events that were set aside.</summary>
    public long SetAside => Interlocked.Read(ref _setAside);

    /// <summary>Age of the oldest event that is being sent, in seconds; 0 without one.</summary>
    public double Delay
    {
        get
        {
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            return _heads.Select((_, lane) => Interlocked.Read(ref _heads[lane])).Max(head => head == 0 ? 0 : Math.Max(0, now - head)) / 1000.0;
        }
    }

    /// <summary>Counts an event.</summary>
    public void HasDelivered() => Interlocked.Increment(ref _delivered);

    /// <summary>Counts an attempt.</summary>
    public void HasFailed() => Interlocked.Increment(ref _failed);

    /// <summary>Counts an event.</summary>
    public void HasSetAside() => Interlocked.Increment(ref _setAside);

    /// <summary>Notes the change whose event a lane sends.</summary>
    public void HasHead(int lane, DateTimeOffset changedAt) => Interlocked.Exchange(ref _heads[lane], changedAt.ToUnixTimeMilliseconds());

    /// <summary>Notes that a lane sends nothing.</summary>
    public void HasNoHead(int lane) => Interlocked.Exchange(ref _heads[lane], 0);
}
