namespace Registry.Server.Telemetry.Logs;

/// <summary>Decides when a warning may be logged again, so that a lasting condition does not fill the log. Several threads may ask at once.</summary>
internal sealed class WarningInterval(TimeProvider time)
{
    private static readonly TimeSpan Least = TimeSpan.FromMinutes(1);

    private long _warnedAt;

    /// <summary>True for the first call, and then once a minute at most; the caller then logs the warning.</summary>
    public bool TryBegin()
    {
        var now = time.GetTimestamp();
        var last = Interlocked.Read(ref _warnedAt);
        return (last == 0 || time.GetElapsedTime(last, now) >= Least) && Interlocked.CompareExchange(ref _warnedAt, now, last) == last;
    }
}
