using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Storage;
using Registry.Server.Hosting;

namespace Registry.Server.Tests.Hosting;

public sealed class PeriodicTaskTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly RecordedLog _log = new();
    private readonly ILoggerFactory _loggers;
    private readonly Channel<int> _turns = Channel.CreateUnbounded<int>();
    private int _count;

    public PeriodicTaskTests() => _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));

    [Fact]
    public async Task It_runs_once_a_period_and_not_before_the_first_is_over()
    {
        await using var task = Start(_ => Task.CompletedTask);
        Assert.False(_turns.Reader.TryRead(out _));
        for (var turn = 1; turn <= 3; turn++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            Assert.Equal(turn, await _turns.Reader.ReadAsync());
        }
    }

    [Fact]
    public async Task A_turn_that_fails_is_logged_and_the_next_one_comes()
    {
        await using (Start(_ => _count == 1 ? throw new InvalidOperationException("broken") : Task.CompletedTask))
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            await _turns.Reader.ReadAsync();
            await Eventually.HoldsAsync(() => Task.FromResult(_log.Entries.Count > 0), "the log has the line");
            _time.Advance(TimeSpan.FromSeconds(10));
            Assert.Equal(2, await _turns.Reader.ReadAsync());
        }

        Assert.Equal(
            [(LogLevel.Error, "The sweeping failed and will be tried again"), (LogLevel.Information, "The sweeping works again")],
            _log.Entries.Select(entry => (entry.Level, entry.Message)));
        Assert.Equal("broken", _log.Entries[0].Exception?.Message);
    }

    [Fact]
    public async Task A_failure_of_the_storage_is_one_line_until_it_is_another_or_over()
    {
        string?[] failures = ["full", "full", "full", "stopped", "stopped", null, "stopped"];
        await using (Start(_ => failures[_count - 1] is { } failure ? throw new StorageException(failure) : Task.CompletedTask))
        {
            for (var turn = 1; turn <= failures.Length; turn++)
            {
                _time.Advance(TimeSpan.FromSeconds(10));
                Assert.Equal(turn, await _turns.Reader.ReadAsync());
            }
        }

        Assert.Equal(
            ["full", "stopped", "The sweeping works again", "stopped"],
            _log.Entries.Select(entry => entry.Message.Replace("The sweeping failed and will be tried again: ", string.Empty, StringComparison.Ordinal)));
        Assert.All(_log.Entries, entry => Assert.Null(entry.Exception));
    }

    [Fact]
    public async Task Disposing_ends_the_turn_in_progress_and_starts_no_other()
    {
        var task = Start(cancellation => Task.Delay(Timeout.InfiniteTimeSpan, cancellation));
        _time.Advance(TimeSpan.FromSeconds(10));
        await _turns.Reader.ReadAsync();
        await task.DisposeAsync();
        _time.Advance(TimeSpan.FromSeconds(100));
        Assert.False(_turns.Reader.TryRead(out _));
        Assert.Empty(_log.Entries);
    }

    [Fact]
    public async Task Disposing_before_the_first_turn_runs_nothing()
    {
        var task = Start(_ => Task.CompletedTask);
        await task.DisposeAsync();
        Assert.Equal(0, _count);
    }

    public void Dispose()
    {
        _loggers.Dispose();
        _log.Dispose();
    }

    private PeriodicTask Start(Func<CancellationToken, Task> run) => new(
        "The sweeping",
        TimeSpan.FromSeconds(10),
        cancellation =>
        {
            _turns.Writer.TryWrite(++_count);
            return run(cancellation);
        },
        _time,
        _loggers.CreateLogger<PeriodicTask>());
}
