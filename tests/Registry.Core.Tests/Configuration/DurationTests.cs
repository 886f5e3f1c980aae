using Registry.Core.Configuration;

namespace Registry.Core.Tests.Configuration;

/// <summary>Parsing and writing of times.</summary>
public sealed class DurationTests
{
    [Theory]
    [InlineData("0", 0, "0")]
    [InlineData("3600", 3600, "1h")]
    [InlineData("90s", 90, "1m30s")]
    [InlineData("24h", 86400, "1d")]
    [InlineData("7d", 604800, "7d")]
    [InlineData("2W", 1209600, "14d")]
    [InlineData("1h30m", 5400, "1h30m")]
    [InlineData("1d12h5m1s", 129901, "1d12h5m1s")]
    [InlineData("1.5h", 5400, "1h30m")]
    [InlineData("0d", 0, "0")]
    [InlineData("2147483647", int.MaxValue, "24855d3h14m7s")]
    public void A_time_is_numbers_with_units_or_a_number_of_seconds(string text, long seconds, string written)
    {
        Assert.True(Duration.TryParse(text, out var time));
        Assert.Equal(TimeSpan.FromSeconds(seconds), time);
        Assert.Equal(written, Duration.Write(time));
        Assert.True(Duration.TryParse(written, out var again));
        Assert.Equal(time, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1s")]
    [InlineData("1 h")]
    [InlineData("h")]
    [InlineData("1x")]
    [InlineData("500ms")]
    [InlineData("0.5s")]
    [InlineData("30m1h")]
    [InlineData("1h1h")]
    [InlineData("1h30")]
    [InlineData("1:30")]
    [InlineData("99999999999")]
    [InlineData("99999999999w")]
    public void Other_texts_are_no_time(string text) => Assert.False(Duration.TryParse(text, out _));
}
