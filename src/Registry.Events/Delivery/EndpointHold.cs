namespace Registry.Events.Delivery;

/// <summary>Time for which this process holds an endpoint.</summary>
/// <param name="limits">The times.</param>
/// <param name="isReadOnly">True while the registry must not be changed, and so records no position.</param>
/// <param name="time">The clock.</param>
internal sealed class EndpointHold(EndpointLimits limits, Func<bool> isReadOnly, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private long _renewedAt;
    private volatile bool _isHeld;

    /// <summary>True if the process holds it, and long enough for an attempt.</summary>
    public bool IsEnough => _isHeld && !isReadOnly() && time.GetElapsedTime(Interlocked.Read(ref _renewedAt)) + limits.Attempt < limits.Lease;

    /// <summary>True if another process may have held it since it was last renewed, or it was never held.</summary>
    public bool HasLapsed => !_isHeld || time.GetElapsedTime(Interlocked.Read(ref _renewedAt)) >= limits.Lease;

    /// <summary>Notes that it is held from a timestamp on.</summary>
    public void Renew(long timestamp)
    {
        Interlocked.Exchange(ref _renewedAt, timestamp);
        _isHeld = true;
    }

    /// <summary>Notes that it is not held any more.</summary>
    public void End() => _isHeld = false;

    /// <summary>Waits until it is held for long enough.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (!IsEnough)
        {
            await Task.Delay(Look, time, cancellationToken);
        }
    }
}
