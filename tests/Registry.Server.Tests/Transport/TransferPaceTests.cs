using Registry.Server.Configuration;
using Registry.Server.Transport;

namespace Registry.Server.Tests.Transport;

/// <summary>Slow and pausing clients: 1 KiB/s, 30 seconds of grace, a minute of silence.</summary>
public sealed class TransferPaceTests
{
    private const int Limit = 1000;

    [Theory]
    [InlineData(1)]
    [InlineData(10_000)]
    public void A_pause_ends_the_transfer_after_the_idle_limit_and_not_before(int before) =>
        Assert.Equal((60, "nothing for 60 seconds"), End(second => second < 0 ? before : 0));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(10)]
    [InlineData(20)]
    [InlineData(30)]
    [InlineData(59)]
    public void A_byte_now_and_then_is_slow(int every)
    {
        var (second, fault) = End(second => second % every == 0 ? 1 : 0);

        Assert.Equal("less than 1024 bytes a second for 30 seconds", fault);
        Assert.InRange(second, 30, 30 + (2 * every) + 5);
    }

    [Theory]
    [InlineData(1023)]
    [InlineData(500)]
    public void Less_than_the_rate_is_slow_in_the_end(int bytes) => Assert.StartsWith("less", End(_ => bytes, 100_000).Fault, StringComparison.Ordinal);

    [Theory]
    [InlineData(1, 1024)]
    [InlineData(10, 10_240)]
    [InlineData(25, 25_600)]
    [InlineData(50, 51_200)]
    public void At_least_the_rate_is_enough_in_whatever_bursts(int every, int bytes) => Assert.Null(End(second => second % every == 0 ? bytes : 0).Fault);

    [Fact]
    public void A_peer_that_continues_after_a_pause_may_pause_again() => Assert.Null(End(second => second % 60 < 5 ? 20_000 : 0).Fault);

    private static (int Second, string? Fault) End(Func<int, long> bytes, int limit = Limit)
    {
        var pace = new TransferPace(new ConnectionTimes(), TimeSpan.FromMinutes(1));
        pace.Beat(bytes(-1));
        for (var second = 1; second <= limit; second++)
        {
            if (pace.Beat(bytes(second)) is { } fault)
            {
                return (second, fault);
            }
        }

        return (limit, null);
    }
}
