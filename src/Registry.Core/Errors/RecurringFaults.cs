using Microsoft.Extensions.Logging;

namespace Registry.Core.Errors;

/// <summary>
/// Keeps faults that recur with each request from filling the log. The first fault with a cause gets a line from its caller, and further ones are counted.
/// Once a minute, the log has their number. It has another line when a cause has not recurred for a minute.
/// </summary>
public sealed partial class RecurringFaults : IDisposable
{
    /// <summary>Largest number of causes with a line of their own at a time; faults with further causes are counted together. Bounds memory and the log.</summary>
    internal const int MaxCauses = 100;

    /// <summary>Largest number of them for one kind, so that many damaged blobs do not hide a full disk.</summary>
    internal const int MaxCausesOfKind = MaxCauses / 2;

    /// <summary>Length of a period.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly ILogger<RecurringFaults> _logger;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Tally> _causes = [];
    private long _others;

    /// <param name="time">The clock.</param>
    /// <param name="logger">Log of the numbers.</param>
    public RecurringFaults(TimeProvider time, ILogger<RecurringFaults> logger)
    {
        ArgumentNullException.ThrowIfNull(time);
        _logger = logger;
        _timer = time.CreateTimer(_ => EndPeriod(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Counts a fault.</summary>
    /// <param name="cause">
    /// What fails and why, for the operator, such as <c>Requests that the storage refuses, because the disk is full</c>. The same text for all faults with
    /// the same cause.
    /// </param>
    /// <param name="kind">The kind of a cause that names one of many things, such as a blob; null for others. Causes of one kind take half of the places.</param>
    /// <param name="level">Level of the caller's line, and of the number of further faults.</param>
    /// <returns>True when the caller must log the fault, since no line of the log tells of its cause.</returns>
    public bool IsNew(string cause, string? kind = null, LogLevel level = LogLevel.Error)
    {
        ArgumentNullException.ThrowIfNull(cause);
        lock (_lock)
        {
            if (_causes.TryGetValue(cause, out var tally))
            {
                tally.Count++;
                return false;
            }

            if (_causes.Count >= MaxCauses || (kind is not null && _causes.Values.Count(one => one.Kind == kind) >= MaxCausesOfKind))
            {
                _others++;
                return false;
            }

            if (_causes.Count == 0)
            {
                _timer.Change(Period, Period);
            }

            _causes[cause] = new Tally(kind, level);
            return true;
        }
    }

    /// <summary>Logs what has not been logged yet.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        Report(Take(out var others), others);
    }

    private void EndPeriod()
    {
        List<string> over;
        List<Recurrence> more;
        long others;
        lock (_lock)
        {
            over = [.. _causes.Where(cause => cause.Value.IsOver).Select(cause => cause.Key)];
            over.ForEach(cause => _causes.Remove(cause));
            more = Take(out others);
            if (_causes.Count == 0)
            {
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }

        Report(more, others);
        over.ForEach(LogOver);
    }

    private List<Recurrence> Take(out long others)
    {
        var more = new List<Recurrence>();
        lock (_lock)
        {
            foreach (var (cause, tally) in _causes)
            {
                if (tally.Count > 0)
                {
                    more.Add(new Recurrence(tally.Level, cause, tally.Count));
                }

                tally.EndPeriod();
            }

            (others, _others) = (_others, 0);
        }

        return more;
    }

    private void Report(List<Recurrence> more, long others)
    {
        foreach (var (level, cause, count) in more)
        {
            LogMore(level, cause, count);
        }

        if (others > 0)
        {
            LogOthers(others);
        }
    }

    [LoggerMessage(EventId = 1, Message = "{Cause}: {Count} more within a minute")]
    private partial void LogMore(LogLevel level, string cause, long count);

    [LoggerMessage(2, LogLevel.Information, "{Cause}: none within a minute. The cause is gone, or no request has met it")]
    private partial void LogOver(string cause);

    [LoggerMessage(3, LogLevel.Error, "Faults with further causes, too many for a line each: {Count} within a minute")]
    private partial void LogOthers(long count);

    private readonly record struct Recurrence(LogLevel Level, string Cause, long Count);

    private sealed class Tally(string? kind, LogLevel level)
    {
        private bool _isNew = true;

        public LogLevel Level { get; } = level;

        public string? Kind { get; } = kind;

        /// <summary>Number of faults in the period, without the one that has a line.</summary>
        public long Count { get; set; }

        /// <summary>True when the period has no fault.</summary>
        public bool IsOver => Count == 0 && !_isNew;

        public void EndPeriod() => (Count, _isNew) = (0, false);
    }
}
