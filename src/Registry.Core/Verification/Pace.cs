namespace Registry.Core.Verification;

/// <summary>Limits background work to a number of bytes a second. Unused bytes do not accumulate, except those of the last second.</summary>
/// <param name="bytesPerSecond">The limit, at least 1.</param>
/// <param name="time">The clock.</param>
public sealed class Pace(long bytesPerSecond, TimeProvider time)
{
    /// <summary>No limit.</summary>
    public const long Unlimited = long.MaxValue;

    private static readonly TimeSpan Saved = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly long _started = time.GetTimestamp();

    // Time that the bytes used so far take at the limit, from the start.
    private TimeSpan _used;

    /// <summary>Waits until the limit allows this many bytes. Several readers share the limit.</summary>
    public Task SpendAsync(long bytes, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var now = time.GetElapsedTime(_started);
            var begin = _used > now - Saved ? _used : now - Saved;
            _used = begin + TimeSpan.FromSeconds(bytes / (double)bytesPerSecond);
            return _used > now ? Task.Delay(_used - now, time, cancellationToken) : Task.CompletedTask;
        }
    }
}
