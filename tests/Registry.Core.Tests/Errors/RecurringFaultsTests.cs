using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Errors;

namespace Registry.Core.Tests.Errors;

/// <summary>Lines of the log for faults that recur while their cause lasts.</summary>
public sealed class RecurringFaultsTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly RecordedLog _log = new();
    private readonly ILoggerFactory _loggers;
    private readonly RecurringFaults _faults;

    public RecurringFaultsTests()
    {
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));
        _faults = new RecurringFaults(_time, _loggers.CreateLogger<RecurringFaults>());
    }

    private IEnumerable<string> Lines => _log.Entries.Select(entry => entry.Message);

    [Fact]
    public void Only_the_first_fault_with_a_cause_is_new_until_it_is_over()
    {
        Assert.True(_faults.IsNew("full"));
        Assert.False(_faults.IsNew("full"));
        Assert.True(_faults.IsNew("forbidden"));
        EndPeriod();
        Assert.False(_faults.IsNew("full"));
        EndPeriod();
        EndPeriod();
        Assert.True(_faults.IsNew("full"));
    }

    [Fact]
    public void The_number_of_further_faults_is_logged_once_a_minute_and_then_their_end()
    {
        _faults.IsNew("full");
        _faults.IsNew("full");
        _faults.IsNew("full");
        Assert.Empty(Lines);
        EndPeriod();
        _faults.IsNew("full");
        EndPeriod();
        EndPeriod();
        EndPeriod();

        Assert.Equal(["full: 2 more within a minute", "full: 1 more within a minute", "full: none within a minute. The cause is gone, or no request has met it"], Lines);
        Assert.Equal([LogLevel.Error, LogLevel.Error, LogLevel.Information], _log.Entries.Select(entry => entry.Level));
    }

    [Fact]
    public void The_number_has_the_level_of_the_line_that_tells_of_the_first_fault()
    {
        foreach (var level in new[] { LogLevel.Warning, LogLevel.Error, LogLevel.Critical })
        {
            _faults.IsNew($"{level}", level: level);
            _faults.IsNew($"{level}", level: level);
        }

        EndPeriod();
        Assert.Equal([LogLevel.Warning, LogLevel.Error, LogLevel.Critical], _log.Entries.Select(entry => entry.Level));
    }

    [Fact]
    public void A_single_fault_is_over_after_a_whole_minute_without_another()
    {
        _faults.IsNew("full");
        EndPeriod();
        Assert.Empty(Lines);
        EndPeriod();
        Assert.Equal(["full: none within a minute. The cause is gone, or no request has met it"], Lines);
    }

    [Fact]
    public void Faults_with_any_number_of_causes_have_a_bounded_number_of_lines()
    {
        Assert.Equal(RecurringFaults.MaxCauses, Enumerable.Range(0, 10 * RecurringFaults.MaxCauses).Count(i => _faults.IsNew($"{i}")));
        EndPeriod();
        Assert.Equal(["Faults with further causes, too many for a line each: 900 within a minute"], Lines);
    }

    [Fact]
    public void Causes_of_one_kind_leave_lines_for_others()
    {
        Assert.Equal(RecurringFaults.MaxCausesOfKind, Enumerable.Range(0, RecurringFaults.MaxCauses).Count(i => _faults.IsNew($"{i}", "damaged")));
        Assert.True(_faults.IsNew("full"));
    }

    [Fact]
    public void A_stop_logs_what_was_counted()
    {
        _faults.IsNew("full");
        _faults.IsNew("full");
        _faults.Dispose();
        Assert.Equal(["full: 1 more within a minute"], Lines);
    }

    public void Dispose()
    {
        _faults.Dispose();
        _loggers.Dispose();
        _log.Dispose();
    }

    private void EndPeriod() => _time.Advance(RecurringFaults.Period);
}
