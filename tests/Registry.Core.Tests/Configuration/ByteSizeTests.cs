using Registry.Core.Configuration;

namespace Registry.Core.Tests.Configuration;

/// <summary>Parsing and writing of sizes.</summary>
public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("5000000000", 5_000_000_000)]
    [InlineData("512b", 512)]
    [InlineData("512MB", 512_000_000)]
    [InlineData("512mb", 512_000_000)]
    [InlineData("512M", 536_870_912)]
    [InlineData("10GiB", 10_737_418_240)]
    [InlineData("10Gi", 10_737_418_240)]
    [InlineData("1.5g", 1_610_612_736)]
    [InlineData("0.5KiB", 512)]
    [InlineData("2TB", 2_000_000_000_000)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("7PiB", 7L << 50)]
    public void A_size_is_a_number_with_a_unit_or_without(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var parsed));
        Assert.Equal(bytes, parsed);
        Assert.True(ByteSize.TryParse(ByteSize.Write(bytes), out var again));
        Assert.Equal(bytes, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1e9")]
    [InlineData("1 GiB")]
    [InlineData("GiB")]
    [InlineData("1GiBs")]
    [InlineData("1gib1mib")]
    [InlineData("1.GiB")]
    [InlineData(".5GiB")]
    [InlineData("1.2.3GiB")]
    [InlineData("1,5GiB")]
    [InlineData("0.0001KiB")]
    [InlineData("1.5")]
    [InlineData("9223372036854775808")]
    [InlineData("8192PiB")]
    [InlineData("99999999999999999999999999999999")]
    [InlineData("١GiB")]
    public void Other_texts_are_no_size(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "1")]
    [InlineData(1000, "1KB")]
    [InlineData(1024, "1KiB")]
    [InlineData(1_610_612_736, "1536MiB")]
    [InlineData(5_000_000_000, "5GB")]
    [InlineData(1_000_001, "1000001")]
    public void A_size_is_written_exactly(long bytes, string text) => Assert.Equal(text, ByteSize.Write(bytes));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(5_000_000_000, "4.7 GiB")]
    public void A_size_is_described_in_about_three_digits(long bytes, string text) => Assert.Equal(text, ByteSize.Describe(bytes));
}
