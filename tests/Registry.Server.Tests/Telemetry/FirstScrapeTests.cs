using System.Text.RegularExpressions;
using Registry.Server.Tests.Documentation;

namespace Registry.Server.Tests.Telemetry;

/// <summary>Metrics of a registry that has served no request yet.</summary>
public sealed partial class FirstScrapeTests
{
    [Fact]
    public async Task Every_counter_is_there_and_the_warm_up_is_not_counted()
    {
        using var folder = new TemporaryFolder();
        await using var registry = await RegistryProcess.StartAsync(
            folder.Path, new Dictionary<string, string?> { ["REGISTRY_METRICS_PORT"] = "0", ["REGISTRY_LOG_LEVEL"] = "debug" });
        await registry.WaitForOutputAsync("docker push");
        using var prometheus = new HttpClient();

        var text = Check.Status(200, await prometheus.GetAnswerAsync(MetricsLine.Match(registry.Output).Groups[1].Value)).Text;

        var lines = text.Split('\n');
        foreach (var row in Document.Read("docs/telemetry.md").Rows("Metrics of the registry").Skip(1).Where(row => row[1].EndsWith("_total", StringComparison.Ordinal)))
        {
            Assert.Contains(lines, line => line.StartsWith(row[1], StringComparison.Ordinal));
        }

        foreach (var series in new[]
        {
            "registry_pulls_total{registry_content=\"manifest\"} 0", "registry_pulls_total{registry_content=\"blob\"} 0",
            "registry_deletes_total{registry_content=\"tag\"} 0", "registry_auth_failures_total{registry_reason=\"bad_credentials\"} 0",
            "registry_cache_lookups_total{registry_cache=\"content\",registry_result=\"miss\"} 0", "registry_sent_bytes_total 0",
            "registry_gc_resumes_in_seconds 0", "registry_gc_suspended{registry_reason=\"promises\"} 0", "registry_repositories 0", "registry_tags 0",
        })
        {
            Assert.Contains(series, lines);
        }

        Assert.Contains(lines, line => BuildInfo.IsMatch(line));
        Assert.DoesNotContain(lines, line => line.StartsWith("http_server_request_duration_seconds_count", StringComparison.Ordinal));
        Assert.DoesNotContain(" debug GET ", registry.Output, StringComparison.Ordinal);
        Assert.Equal(registry.OpenDescriptors, ValueOf("process_open_fds"), tolerance: 50);
        Assert.True(ValueOf("registry_disk_free_bytes") > ValueOf("registry_disk_reserve_bytes"));
        var started = DateTimeOffset.FromUnixTimeMilliseconds((long)(1000 * ValueOf("process_start_time_seconds")));
        Assert.InRange(started, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow);

        double ValueOf(string series) => double.Parse(
            Assert.Single(lines, line => line.StartsWith($"{series} ", StringComparison.Ordinal)).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"metrics +(http://\S+/metrics)")]
    private static partial Regex MetricsLine { get; }

    [GeneratedRegex(@"^registry_build_info\{runtime=""\.NET [^""]+"",version=""\d+\.\d+\.\d+[^""]*""\} 1$")]
    private static partial Regex BuildInfo { get; }
}
