namespace Registry.Core.Storage;

/// <summary>
/// Counts the seconds that the registry has been running, over all its processes. Grace periods use it, so that neither a jump of the wall
/// clock nor a long downtime of the server lets content expire that clients had no chance to use.
/// </summary>
public sealed class RunningClock(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private long _before;

    /// <summary>Seconds so far.</summary>
    public long Now => Volatile.Read(ref _before) + (long)time.GetElapsedTime(_started).TotalSeconds;

    /// <summary>Continues from the value that an earlier process saved.</summary>
    public void ContinueFrom(long seconds) => Volatile.Write(ref _before, seconds);
}
