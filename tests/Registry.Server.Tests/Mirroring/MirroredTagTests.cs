using Microsoft.Extensions.Time.Testing;

namespace Registry.Server.Tests.Mirroring;

/// <summary>Tags of an upstream: how often it is asked, and what is answered while it is away, or has them no more.</summary>
public sealed class MirroredTagTests
{
    private const string Image = "/v2/up/team/app/manifests/latest";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task A_tag_is_asked_for_once_in_a_period_and_then_by_its_digest_alone()
    {
        await using var upstream = await MirroredUpstream.StartAsync("\"check\": \"1m\"");
        await using var mirror = await TestRegistry.StartAsync(upstream.Configure, time: _time);
        var first = await upstream.Client.PushAsync("team/app", TestImage.Create(), "latest");
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => PullAsync(mirror, first)));
        Assert.Equal((1, 0), Asked(upstream));

        _time.Advance(TimeSpan.FromSeconds(59));
        var second = await upstream.Client.PushAsync("team/app", TestImage.Create(), "latest");
        await PullAsync(mirror, first);
        Assert.Equal((1, 0), Asked(upstream));

        _time.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => PullAsync(mirror, second)));
        Assert.Equal((2, 1), Asked(upstream));

        // The old one is known by its digest.
        await PullAsync(mirror, first, first.Digest);
        _time.Advance(TimeSpan.FromMinutes(1));
        await PullAsync(mirror, second);
        Assert.Equal((2, 2), Asked(upstream));
    }

    [Theory]
    [InlineData("\"check\": \"1m\"", 5)]
    [InlineData("\"check\": \"2s\"", 2)]
    public async Task A_tag_that_the_upstream_does_not_have_is_asked_for_once_in_some_seconds(string settings, int seconds)
    {
        await using var upstream = await MirroredUpstream.StartAsync(settings);
        await using var mirror = await TestRegistry.StartAsync(upstream.Configure, time: _time);
        await upstream.Client.PushAsync("team/app", TestImage.Create(), "other");
        for (var i = 0; i < 20; i++)
        {
            Check.Error(404, "MANIFEST_UNKNOWN", "manifest unknown", await mirror.Client.GetAnswerAsync(Image));
        }

        Assert.Equal((1, 0), Asked(upstream));
        var image = await upstream.Client.PushAsync("team/app", TestImage.Create(), "latest");
        _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        Check.Status(404, await mirror.Client.GetAnswerAsync(Image));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await PullAsync(mirror, image);
        Assert.Equal((2, 0), Asked(upstream));
    }

    [Fact]
    public async Task Without_a_period_a_tag_that_the_upstream_does_not_have_is_asked_for_each_time()
    {
        await using var upstream = await MirroredUpstream.StartAsync("\"check\": \"0s\"");
        await using var mirror = await TestRegistry.StartAsync(upstream.Configure, time: _time);
        Check.Status(404, await mirror.Client.GetAnswerAsync(Image));
        await PullAsync(mirror, await upstream.Client.PushAsync("team/app", TestImage.Create(), "latest"));
    }

    [Fact]
    public async Task A_restart_asks_nothing_again_and_a_clock_that_was_set_back_asks()
    {
        using var folder = new TemporaryFolder();
        await using var upstream = await MirroredUpstream.StartAsync();
        var image = await upstream.Client.PushAsync("team/app", TestImage.Create(), "latest");
        await using (var mirror = await TestRegistry.StartAsync(upstream.Configure, folder.Path, _time))
        {
            await PullAsync(mirror, image);
        }

        await using (var mirror = await TestRegistry.StartAsync(upstream.Configure, folder.Path, _time))
        {
            await PullAsync(mirror, image);
            Assert.Equal((1, 0), Asked(upstream));
        }

        await using (var mirror = await TestRegistry.StartAsync(upstream.Configure, folder.Path, new FakeTimeProvider(_time.GetUtcNow().AddHours(-1))))
        {
            await PullAsync(mirror, image);
            Assert.Equal((1, 1), Asked(upstream));
        }
    }

    [Theory]
    [InlineData("\"check\": \"1s\"", true)]
    [InlineData("\"check\": \"1s\", \"stale\": \"1h\"", true)]
    [InlineData("\"check\": \"1s\", \"stale\": \"1m\"", false)]
    [InlineData("\"check\": \"1s\", \"stale\": \"never\"", false)]
    public async Task While_the_upstream_is_away_a_tag_is_what_it_was_as_long_as_the_configuration_allows(string settings, bool isServed)
    {
        await using var pulled = await StartPulledAsync(settings);
        var (upstream, mirror, image) = pulled;
        // A passing fault would be tried again, by a clock that stands still here.
        upstream.Relay.AnswerWith(503, ("Retry-After", "60"));
        _time.Advance(TimeSpan.FromMinutes(30));

        var answer = await mirror.Client.GetAnswerAsync(Image);

        Assert.Equal(isServed ? 200 : 502, answer.Status);
        Assert.Equal(isServed ? "110 - \"Response is Stale\"" : null, answer["Warning"]);
        Check.Status(200, await mirror.Client.GetAnswerAsync($"/v2/up/team/app/manifests/{image.Digest}"));
        Check.Status(502, await mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/other"));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(429)]
    [InlineData(500)]
    public async Task An_upstream_that_refuses_is_away_and_loses_no_tag(int status)
    {
        await using var pulled = await StartPulledAsync("\"check\": \"1s\"");
        var (upstream, mirror, image) = pulled;
        upstream.Relay.AnswerWith(status);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.NotNull((await PullAsync(mirror, image))["Warning"]);
        upstream.Relay.Instead = null;
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Null((await PullAsync(mirror, image))["Warning"]);
    }

    [Fact]
    public async Task A_tag_that_the_upstream_has_no_more_is_gone_here_and_its_content_stays()
    {
        await using var pulled = await StartPulledAsync("\"check\": \"1s\"");
        var (upstream, mirror, image) = pulled;
        Check.Status(202, await upstream.Client.RequestAsync("DELETE", "/v2/team/app/manifests/latest"));
        _time.Advance(TimeSpan.FromMinutes(1));

        Check.Error(404, "MANIFEST_UNKNOWN", "manifest unknown", await mirror.Client.GetAnswerAsync(Image));

        await PullAsync(mirror, image, image.Digest);
        var history = Check.Status(200, await mirror.Client.GetAnswerAsync("/api/v1/tags/history?repository=up/team/app&tag=latest"));
        Assert.Equal("mirror", history.Json.GetProperty("entries")[0].GetProperty("origin").GetProperty("source").GetString());
    }

    [Fact]
    public async Task A_404_of_a_proxy_whose_registry_is_away_loses_no_tag()
    {
        await using var pulled = await StartPulledAsync("\"check\": \"1s\"");
        var (upstream, mirror, image) = pulled;
        upstream.Relay.AnswerWith(404, ("Content-Type", "text/plain"));
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.NotNull((await PullAsync(mirror, image))["Warning"]);
    }

    [Fact]
    public async Task A_tag_whose_new_manifest_is_not_there_yet_is_what_it_was()
    {
        await using var pulled = await StartPulledAsync("\"check\": \"1s\"");
        var (upstream, mirror, first) = pulled;
        var second = await upstream.Client.PushAsync("team/app", TestImage.Create(), "latest");
        upstream.Relay.Instead = context =>
        {
            context.Response.StatusCode = 404;
            context.Response.ContentType = "application/json";
            return Task.FromResult(context.Request.Path.Value!.EndsWith(second.Digest, StringComparison.Ordinal));
        };
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.NotNull((await PullAsync(mirror, first))["Warning"]);
        upstream.Relay.Instead = null;
        Assert.Null((await PullAsync(mirror, second))["Warning"]);
    }

    [Fact]
    public async Task A_tag_that_the_upstream_has_no_more_may_go_on()
    {
        await using var pulled = await StartPulledAsync("\"check\": \"1s\", \"removed\": \"serve\"");
        var (upstream, mirror, image) = pulled;
        Check.Status(202, await upstream.Client.RequestAsync("DELETE", "/v2/team/app/manifests/latest"));
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.NotNull((await PullAsync(mirror, image))["Warning"]);
    }

    [Fact]
    public async Task A_caller_that_may_not_cause_a_fetch_gets_what_is_here()
    {
        await using var upstream = await MirroredUpstream.StartAsync("\"fetch\": [\"*\"]");
        await using var mirror = await TestRegistry.StartAsync(upstream.Configure, time: _time);
        await upstream.Client.PushAsync("team/app", TestImage.Create(), "latest");

        Check.Status(404, await mirror.Client.GetAnswerAsync(Image));
        Assert.Empty(upstream.Relay.Requests);
    }

    // A mirror with an image that was pulled.
    private async Task<PulledImage> StartPulledAsync(string settings)
    {
        var upstream = await MirroredUpstream.StartAsync(settings);
        var mirror = await TestRegistry.StartAsync(upstream.Configure, time: _time);
        var image = await upstream.Client.PushAsync("team/app", TestImage.Create(), "latest");
        await PullAsync(mirror, image);
        return new PulledImage(upstream, mirror, image);
    }

    private static async Task<Answer> PullAsync(TestRegistry mirror, TestImage image, string reference = "latest")
    {
        var answer = Check.Status(200, await mirror.Client.GetAnswerAsync($"/v2/up/team/app/manifests/{reference}"));
        Assert.Equal(image.Digest, answer["Docker-Content-Digest"]);
        return answer;
    }

    private static (int Get, int Head) Asked(MirroredUpstream upstream) =>
        (upstream.Relay.Count("GET /v2/team/app/manifests/"), upstream.Relay.Count("HEAD /v2/team/app/manifests/"));

    private sealed record PulledImage(MirroredUpstream Upstream, TestRegistry Mirror, TestImage Image) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Mirror.DisposeAsync();
            await Upstream.DisposeAsync();
        }
    }
}
