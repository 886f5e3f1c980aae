using Amazon.Runtime;
using Microsoft.Extensions.Time.Testing;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Tests.Requests;

public sealed class S3LinksTests
{
    // The example of Amazon S3 API, "Authenticating Requests: Using Query Parameters".
    private static readonly DateTimeOffset Then = new(2013, 5, 24, 0, 0, 0, TimeSpan.Zero);

    private static readonly S3Settings Example = new() { Bucket = "examplebucket", Endpoint = new Uri("https://s3.amazonaws.com") };

    private readonly FakeTimeProvider _time = new(Then);

    [Fact]
    public async Task The_example_of_the_specification_is_signed_as_it_says() => Assert.Equal(
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        (await LinksOf(Example, new S3Clock(_time)).SignAsync(HttpMethod.Get, "test.txt", TimeSpan.FromDays(1))).AbsoluteUri);

    [Fact]
    public async Task A_link_is_signed_with_the_time_of_the_store()
    {
        var clock = new S3Clock(_time);
        _time.SetUtcNow(Then.AddHours(5));
        clock.Learn(Then, TimeSpan.Zero);
        Assert.Contains(
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            (await LinksOf(Example, clock).SignAsync(HttpMethod.Get, "test.txt", TimeSpan.FromDays(1))).Query,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(3, false)]
    [InlineData(-3, false)]
    [InlineData(4, true)]
    [InlineData(-3600, true)]
    public void A_clock_learns_what_is_more_than_the_time_of_an_answer(int seconds, bool isLearned)
    {
        var clock = new S3Clock(_time);
        clock.Learn(Then.AddSeconds(seconds), TimeSpan.Zero);
        Assert.Equal((isLearned, isLearned ? seconds : 0), (clock.HasLearnedSince(TimeSpan.Zero), clock.Offset.TotalSeconds));
        var known = clock.Offset;
        clock.Learn(Then.AddSeconds(seconds), TimeSpan.Zero);
        clock.Learn(null, TimeSpan.Zero);
        Assert.Equal((known, false), (clock.Offset, clock.HasLearnedSince(known)));
    }

    // A process that was frozen for 25 s reads answers from before; their requests began a second earlier, or the store has answered them since.
    [Theory]
    [InlineData(-25, 26, 0)]
    [InlineData(0, 26, 0)]
    [InlineData(3600, 26, 3600)]
    [InlineData(-3600, 26, -3574)]
    public void An_answer_that_was_read_late_tells_only_when_the_store_may_have_written_it(int seconds, int took, int expected)
    {
        var clock = new S3Clock(_time);
        clock.Learn(Then.AddSeconds(seconds), TimeSpan.FromSeconds(took));
        Assert.Equal(expected, clock.Offset.TotalSeconds);
    }

    [Theory]
    [InlineData("http://10.0.0.1:7480", true, "", "http://10.0.0.1:7480/examplebucket/a/b")]
    [InlineData("https://store.example/s3/", true, "registry/one", "https://store.example/s3/examplebucket/registry/one/a/b")]
    [InlineData("https://store.example:9000", false, "a b", "https://examplebucket.store.example:9000/a%20b/a/b")]
    [InlineData(null, false, "", "https://examplebucket.s3.us-east-1.amazonaws.com/a/b")]
    public async Task The_bucket_is_in_the_path_or_in_the_host_name(string? endpoint, bool pathStyle, string prefix, string expected)
    {
        var settings = Example with { Endpoint = endpoint is null ? null : new Uri(endpoint), PathStyle = pathStyle, Prefix = prefix };
        Assert.Equal(expected, (await LinksOf(settings, new S3Clock(_time)).SignAsync(HttpMethod.Get, "a/b", TimeSpan.FromMinutes(1))).GetLeftPart(UriPartial.Path));
    }

    // To the SDK, credentials end a minute earlier than their issuer says.
    [Theory]
    [InlineData(3600, 0, 1200)]
    [InlineData(600, 0, 540)]
    [InlineData(600, 300, 240)]
    [InlineData(600, 3600, 1)]
    public async Task A_link_does_not_outlive_temporary_credentials_by_the_clock_of_the_store(int secondsLeft, int secondsAhead, int expected)
    {
        // The SDK has a clock of its own.
        var now = DateTimeOffset.UtcNow;
        _time.SetUtcNow(now);
        var clock = new S3Clock(_time);
        clock.Learn(now.AddSeconds(secondsAhead), TimeSpan.Zero);
        var links = new S3Links(new S3Address(Example), Example.Region, new TemporaryCredentials(now.AddSeconds(secondsLeft)), clock);
        var link = await links.SignAsync(HttpMethod.Get, "test.txt", S3Settings.LongestClientLink);
        Assert.Contains($"&X-Amz-Expires={expected}&X-Amz-Security-Token=token&", link.Query, StringComparison.Ordinal);
    }

    private static S3Links LinksOf(S3Settings settings, S3Clock clock) => new(
        new S3Address(settings), settings.Region, new BasicAWSCredentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), clock);

    // As those of a web identity, or of the role of an instance.
    private sealed class TemporaryCredentials(DateTimeOffset end) : RefreshingAWSCredentials
    {
        protected override Task<CredentialsRefreshState> GenerateNewCredentialsAsync() =>
            Task.FromResult(new CredentialsRefreshState(new ImmutableCredentials("access", "secret", "token"), end.UtcDateTime));
    }
}
