using Registry.Core.Storage;

namespace Registry.Storage.Sqlite;

/// <summary>
/// Counts the seconds that the registry has been running, over all its processes: only one at a time has the database, which saves them.
/// </summary>
internal sealed class RunningClock(TimeProvider time) : IGraceClock
{
    private readonly long _started = time.GetTimestamp();
    private long _before;

    /// <inheritdoc/>
    public long Now => Volatile.Read(ref _before) + (long)time.GetElapsedTime(_started).TotalSeconds;

    /// <summary>Continues from the value that an earlier process saved.</summary>
    public void ContinueFrom(long seconds) => Volatile.Write(ref _before, seconds);
}
