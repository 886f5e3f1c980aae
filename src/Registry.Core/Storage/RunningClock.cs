namespace Registry.Core.Storage;

/// <summary>
/// Seconds that the registry has been running, over all its processes. Grace periods are measured by it, so that neither a jump of the wall
/// clock nor a long holiday of the server lets anything expire that nobody had a chance to use.
/// </summary>
public sealed class RunningClock(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private long _before;

    /// <summary>Seconds so far.</summary>
    public long Now => Volatile.Read(ref _before) + (long)time.GetElapsedTime(_started).TotalSeconds;

    /// <summary>Continues from what an earlier process has saved.</summary>
    public void ContinueFrom(long seconds) => Volatile.Write(ref _before, seconds);
}
