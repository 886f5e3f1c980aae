namespace Registry.Server.Memory;

/// <summary>
/// Decides how often something is done against a level of memory that is too high, when doing it stops the process for a moment. After it gained little, the
/// next time waits, for twice as long each time, until the level has risen.
/// </summary>
/// <param name="worth">Bytes that are worth the pause: gained by it, or added since.</param>
/// <param name="readProcessorTime">Reads the processor time of the process.</param>
/// <param name="time">The clock.</param>
internal sealed class PressurePace(long worth, Func<TimeSpan> readProcessorTime, TimeProvider time)
{
    /// <summary>Wait after the first time that gained little.</summary>
    public static readonly TimeSpan FirstWait = TimeSpan.FromMinutes(1);

    /// <summary>Longest wait while the level does not rise.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(16);

    private long _endedAt;
    private long _left;
    private TimeSpan _wait;

    /// <summary>Duration of the last time; zero before the first.</summary>
    public TimeSpan Lasted { get; private set; }

    /// <summary>The part of <see cref="Lasted"/> in which the process ran: on a busy machine, it may mostly wait for a processor.</summary>
    public TimeSpan Worked { get; private set; }

    /// <summary>True within a time after the last end.</summary>
    public bool IsWithin(TimeSpan after) => _endedAt != 0 && time.GetElapsedTime(_endedAt) < after;

    /// <summary>True when the level has risen since the last end.</summary>
    public bool HasRisen(long level) => level >= _left + worth;

    /// <summary>True when it should be done.</summary>
    /// <param name="level">The level now.</param>
    /// <param name="soonest">Time after the last end before which it is not done again.</param>
    public bool IsDue(long level, TimeSpan soonest) => !IsWithin(soonest) && (!IsWithin(_wait) || HasRisen(level));

    /// <summary>Does it.</summary>
    /// <param name="work">What is to be done.</param>
    /// <param name="level">The level before.</param>
    /// <param name="read">Reads the level afterwards.</param>
    public void Run(Action work, long level, Func<long> read)
    {
        var beganAt = time.GetTimestamp();
        var workedBefore = readProcessorTime();
        work();
        var worked = readProcessorTime() - workedBefore;
        _endedAt = time.GetTimestamp();
        Lasted = time.GetElapsedTime(beganAt, _endedAt);
        Worked = worked < Lasted ? worked : Lasted;
        _left = read();
        _wait = level - _left >= worth ? TimeSpan.Zero
            : _wait == TimeSpan.Zero ? FirstWait
            : _wait < LongestWait ? 2 * _wait
            : LongestWait;
    }

    /// <summary>Forgets that it gained little: much has changed since.</summary>
    public void Forget() => _wait = TimeSpan.Zero;
}
