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

    /// <summary>
    /// Learns from an answer. The store wrote its date at some time since the request began, which may be long ago: the process may have been frozen, or the answer
    /// has waited to be read.
    /// </summary>
    /// <param name="date">Its <c>Date</c>; null if it has none.</param>
    /// <param name="took">Time since the request began.</param>
    public void Learn(DateTimeOffset? date, TimeSpan took)
    {
        if (date is not { } told)
        {
            return;
        }

        var least = told - time.GetUtcNow();
        var most = least + took;
        var known = Offset;
        if (known < least - Tolerance)
        {
            Volatile.Write(ref _offset, least.Ticks);
        }
        else if (known > most + Tolerance)
        {
            Volatile.Write(ref _offset, most.Ticks);
        }
    }

    /// <summary>True if the clocks are further apart than was known, so that a refused signature is worth another attempt.</summary>
    /// <param name="offset">The <see cref="Offset"/> when the request was signed.</param>
    public bool HasLearnedSince(TimeSpan offset) => (offset - Offset).Duration() > Tolerance;
}
