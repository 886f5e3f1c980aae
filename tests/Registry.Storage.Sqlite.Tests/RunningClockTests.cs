using Microsoft.Extensions.Time.Testing;

namespace Registry.Storage.Sqlite.Tests;

public class RunningClockTests
{
    [Fact]
    public void It_counts_the_seconds_of_this_process_and_those_before()
    {
        var time = new FakeTimeProvider();
        var clock = new RunningClock(time);
        Assert.Equal(0, clock.Now);
        time.Advance(TimeSpan.FromMilliseconds(1999));
        Assert.Equal(1, clock.Now);
        clock.ContinueFrom(100);
        Assert.Equal(101, clock.Now);
    }

    [Fact]
    public void A_jump_of_the_wall_clock_does_not_move_it()
    {
        var time = new JumpingTime();
        var clock = new RunningClock(time);
        time.UtcNow = time.UtcNow.AddYears(10);
        Assert.Equal(0, clock.Now);
    }

    private sealed class JumpingTime : TimeProvider
    {
        public DateTimeOffset UtcNow { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => UtcNow;

        public override long GetTimestamp() => 0;
    }
}
