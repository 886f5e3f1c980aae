namespace Registry.Core.Maintenance;

/// <summary>Holds work that nobody waits for to so many bytes a second. What was not used is not saved up, apart from the last second's.</summary>
/// <param name="bytesPerSecond">How many, at least 1.</param>
/// <param name="time">The clock.</param>
public sealed class Pace(long bytesPerSecond, TimeProvider time)
{
    /// <summary>As fast as the disk.</summary>
    public const long Unlimited = long.MaxValue;

    private static readonly TimeSpan Saved = TimeSpan.FromSeconds(1);

    private readonly long _started = time.GetTimestamp();

    // What has been used, as the time since the start that it takes.
    private TimeSpan _used;

    /// <summary>Waits until so many bytes were allowed.</summary>
    public Task SpendAsync(long bytes, CancellationToken cancellationToken)
    {
        var now = time.GetElapsedTime(_started);
        var begin = _used > now - Saved ? _used : now - Saved;
        _used = begin + TimeSpan.FromSeconds(bytes / (double)bytesPerSecond);
        return _used > now ? Task.Delay(_used - now, time, cancellationToken) : Task.CompletedTask;
    }
}
