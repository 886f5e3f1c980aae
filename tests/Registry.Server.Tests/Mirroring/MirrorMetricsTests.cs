using Registry.Server.Tests.Documentation;
using Registry.Server.Tests.Telemetry;

namespace Registry.Server.Tests.Mirroring;

/// <summary>Metrics of the mirror.</summary>
public sealed class MirrorMetricsTests : IDisposable
{
    private readonly HttpClient _prometheus = new();

    public void Dispose() => _prometheus.Dispose();

    [Fact]
    public async Task Every_series_of_an_upstream_is_there_from_the_start_and_rises_with_pulls()
    {
        await using var upstream = await MirroredUpstream.StartAsync("\"check\": \"0s\"");
        await using var mirror = await TestRegistry.StartAsync(options => upstream.Configure(options) with { MetricsPort = 0 });
        var before = await MetricsPage.ReadAsync(_prometheus, mirror);
        var own = before.Where(series => series.Key.StartsWith("registry_mirror_", StringComparison.Ordinal)).ToList();
        Assert.All(own, series => Assert.Equal(0, series.Value));
        Assert.Equal(3 + (4 * 6) + 5, own.Count);
        Assert.Equal(
            Document.Read("docs/telemetry.md").Rows("Metrics of the mirror").Skip(1).Select(row => row[1]).Except(["registry_mirror_limit_remaining"]).Order(StringComparer.Ordinal),
            own.Select(series => series.Key.Split('{')[0]).Distinct().Order(StringComparer.Ordinal));

        upstream.Relay.Instead = context =>
        {
            context.Response.Headers["ratelimit-remaining"] = "42;w=21600";
            return Task.FromResult(false);
        };
        var image = await upstream.Client.PushAsync("team/app", TestImage.Create(), "v1");
        Check.Status(200, await mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/v1"));
        Check.Status(200, await mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/v1"));
        upstream.Relay.Instead = context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = "60";
            return Task.FromResult(true);
        };
        Check.Status(200, await mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/v1"));

        var after = await MetricsPage.ReadAsync(_prometheus, mirror);
        Assert.Equal((1, 1, 1), (Answers("hit"), Answers("miss"), Answers("stale")));
        Assert.Equal((2, 1), (Requests("given"), Requests("away")));
        Assert.Equal((1, 42), (after["registry_mirror_away{registry_upstream=\"up.example\"}"], after["registry_mirror_limit_remaining{registry_upstream=\"up.example\"}"]));
        Assert.Equal(image.Manifest.Bytes.Length, after["registry_mirror_received_bytes_total{registry_upstream=\"up.example\"}"]);

        double Answers(string result) => after[$"registry_mirror_answers_total{{registry_result=\"{result}\",registry_upstream=\"up.example\"}}"];

        double Requests(string result) => after[$"registry_mirror_requests_total{{registry_kind=\"manifest\",registry_result=\"{result}\",registry_upstream=\"up.example\"}}"];
    }

    [Fact]
    public async Task A_registry_without_a_mirror_has_none_of_them()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { MetricsPort = 0 });
        Assert.DoesNotContain((await MetricsPage.ReadAsync(_prometheus, registry)).Keys, series => series.StartsWith("registry_mirror_", StringComparison.Ordinal));
    }
}
