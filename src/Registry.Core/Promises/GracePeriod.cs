using Registry.Core.Storage;

namespace Registry.Core.Promises;

/// <summary>
/// Running time for which content is kept that nothing needs. Half of it is promised by an answer that says that the content exists. Times are seconds of the
/// <see cref="IGraceClock"/>. The engine of the metadata decides what expires: it is given the <see cref="Length"/>.
/// </summary>
/// <param name="clock">The clock.</param>
/// <param name="length">The running time, in whole seconds.</param>
public sealed class GracePeriod(IGraceClock clock, TimeSpan length)
{
    private readonly long _seconds = (long)length.TotalSeconds;

    /// <summary>The running time.</summary>
    public TimeSpan Length { get; } = length;

    /// <summary>Interval between cycles of the collector: short enough to keep the period to within a tenth, without a busy loop.</summary>
    public TimeSpan Interval { get; } = TimeSpan.FromSeconds(Math.Clamp(length.TotalSeconds / 10, 1, TimeSpan.FromMinutes(1).TotalSeconds));

    /// <summary>Time for which an answer promises content: half of the grace period, rounded up.</summary>
    public long Promise => _seconds - (_seconds / 2);

    /// <summary>First second at which content may expire that an answer promises now.</summary>
    public long EndOfPromise => clock.Now + Promise + 1;

    /// <summary>Running time since content was last needed; 0 while it is.</summary>
    public long IdleFor(long? idleSince) => idleSince is { } since ? clock.Now - since : 0;

    /// <summary>Running time until content expires; negative when overdue.</summary>
    public long Left(long idleSince) => _seconds - IdleFor(idleSince);

    /// <summary>True if content stays until <see cref="EndOfPromise"/> without a change of its record.</summary>
    /// <param name="idleSince">Time since when nothing has needed it; null while something does.</param>
    public bool IsPromised(long? idleSince) => IdleFor(idleSince) <= _seconds - Promise;
}
