namespace Registry.Server.Maintenance;

/// <summary>Rate of long work, over the last seconds: the rate since the start would hide that the disk has become slow, and the rate since the last sample would jump.</summary>
/// <param name="time">The clock.</param>
internal sealed class WorkRate(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    // Samples may be closer together than the clock tells apart.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    private readonly Queue<(long At, long Amount)> _samples = new([(time.GetTimestamp(), 0)]);
    private long _last;

    /// <summary>Takes a sample, and computes the rate a second. A smaller amount than before begins another part of the work.</summary>
    public double Sample(long amount)
    {
        var now = time.GetTimestamp();
        if (amount < _last)
        {
            _samples.Clear();
            _samples.Enqueue((now, amount));
        }

        _last = amount;
        while (_samples.Count > 1 && time.GetElapsedTime(_samples.Peek().At, now) > Window)
        {
            _samples.Dequeue();
        }

        var (at, before) = _samples.Peek();
        _samples.Enqueue((now, amount));
        return (amount - before) / Math.Max(time.GetElapsedTime(at, now).TotalSeconds, Shortest.TotalSeconds);
    }

    /// <summary>Time until the rest is done, in whole seconds; null if the total or the rate is unknown, or nothing is left.</summary>
    public static TimeSpan? TimeLeft(WorkDone done, double rate) =>
        rate > 0 && done.Total is { } total && total > done.Amount ? TimeSpan.FromSeconds(Math.Ceiling((total - done.Amount) / rate)) : null;
}
