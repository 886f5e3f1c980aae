using Microsoft.Extensions.Time.Testing;
using Registry.Server.Tests.Maintenance;
using Registry.Server.Tests.Telemetry;

namespace Registry.Server.Tests.Policies;

/// <summary>Metrics of the retention: what its runs have done. Previews do not count.</summary>
public sealed class RetentionMetricsTests : IDisposable
{
    private readonly PolicyFolder _policy = new("""{ "rules": [{ "repository": "ci/**", "keep": { "newest": 1 } }] }""");
    private readonly HttpClient _prometheus = new();

    public void Dispose()
    {
        _policy.Dispose();
        _prometheus.Dispose();
    }

    [Fact]
    public async Task Runs_that_delete_and_runs_that_are_refused_are_counted()
    {
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        await using var maintained = await MaintainedRegistry.StartAsync(options => _policy.Configure(options) with { MetricsPort = 0 }, time);
        for (var i = 0; i < 3; i++)
        {
            await maintained.Admin.PushAsync("ci/app", TestImage.Create(), $"v{i}");
        }

        Assert.Equal([0, 0, 0, 0, 0], await ReadAsync(maintained));
        await maintained.RunJobAsync("retention?dryRun=true");
        Assert.Equal([0, 0, 0, 0, 0], await ReadAsync(maintained));
        await maintained.RunJobAsync("retention");
        Assert.Equal([2, 0, 0, 1, 1_800_000_000], await ReadAsync(maintained));

        // More than 50 tags, and more than half: refused until a person confirms.
        var image = TestImage.Create();
        for (var i = 0; i < 60; i++)
        {
            await maintained.Admin.PushAsync("ci/app", image, $"w{i}");
        }

        await maintained.RunJobAsync("retention");
        Assert.Equal([2, 0, 1, 1, 1_800_000_000], await ReadAsync(maintained));
        await maintained.RunJobAsync("retention?yes=true");
        Assert.Equal([62, 0, 1, 1, 1_800_000_000], await ReadAsync(maintained));
    }

    private async Task<List<double>> ReadAsync(MaintainedRegistry maintained)
    {
        var page = await MetricsPage.ReadAsync(_prometheus, maintained.Registry);
        return [.. new[] { "tags_total", "manifests_total", "refused_total", "kept", "last_success_seconds" }.Select(name => page[$"registry_retention_{name}"])];
    }
}
