namespace Registry.Storage.S3.Requests;

/// <summary>
/// Time of the store, learned from the <c>Date</c> of its answers: it refuses a signature whose time is more than 15 minutes away, and a link that has expired
/// by its own clock.
/// </summary>
/// <param name="time">The clock of this machine.</param>
internal sealed class S3Clock(TimeProvider time)
{
    // Date has whole seconds, and an answer takes its time: less says nothing.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(3);

    private long _offset;

    /// <summary>Time of the store.</summary>
    public DateTimeOffset Now => time.GetUtcNow() + Offset;

    /// <summary>Time of the store minus that of this machine.</summary>
    public TimeSpan Offset => new(Volatile.Read(ref _offset));

    /// <summary>Learns from an answer.</summary>
    /// <param name="date">Its <c>Date</c>; null if it has none.</param>
    /// <returns>True if the clocks are further apart than was known, so that a refused signature is worth another attempt.</returns>
    public bool Learn(DateTimeOffset? date)
    {
        if (date is not { } told)
        {
            return false;
        }

        var offset = told - time.GetUtcNow();
        if ((offset - Offset).Duration() <= Tolerance)
        {
            return false;
        }

        Volatile.Write(ref _offset, offset.Ticks);
        return true;
    }
}
