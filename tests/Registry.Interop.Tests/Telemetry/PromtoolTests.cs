using System.Text.RegularExpressions;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Telemetry;

/// <summary>Prometheus' own checks of the metrics of a running registry, and of the shipped alert rules.</summary>
public sealed partial class PromtoolTests
{
    private static readonly string[] Tests = ["registry.rules.test.yml", "registry.rules.days.test.yml"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Promtool_has_nothing_to_say_about_the_metrics_of_a_registry_that_is_used(bool isNode)
    {
        Requires.Program("promtool", "prometheus");
        await using Stores? stores = isNode ? await Stores.StartAsync() : null;
        using var folder = new TemporaryFolder();
        var variables = new Dictionary<string, string?> { ["REGISTRY_METRICS_PORT"] = "0" };
        stores?.Configure(variables);
        await using RegistryProcess registry = await RegistryProcess.StartAsync(folder.Path, variables);
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        TestImage image = await client.PushAsync("team/app", TestImage.Create(layerSize: 100_000), "latest");
        Assert.Equal(200, (await client.GetAnswerAsync($"/v2/team/app/manifests/{image.Digest}")).Status);
        await registry.WaitForOutputAsync("docker push");
        string metrics = Path.Combine(folder.Path, "metrics");
        await File.WriteAllTextAsync(metrics, await client.GetStringAsync(MetricsLine.Match(registry.Output).Groups[1].Value, TestContext.Current.CancellationToken));

        Assert.Equal(isNode, (await File.ReadAllTextAsync(metrics, TestContext.Current.CancellationToken)).Contains("registry_s3_requests_total{", StringComparison.Ordinal));
        CommandResult checkedBy = await new Command("bash", "bash").TryRunAsync("-c", $"promtool check metrics < '{metrics}'");

        Assert.Equal((0, string.Empty), (checkedBy.ExitCode, checkedBy.AllOutput.Trim()));
    }

    [Fact]
    public async Task Every_alert_fires_for_what_it_is_about_and_for_nothing_else()
    {
        string folder = SourceTree.Locate("deploy/prometheus");
        var promtool = new Command("promtool", "prometheus");

        await promtool.RunAsync("check", "rules", Path.Combine(folder, "registry.rules.yml"));
        await promtool.RunAsync(["test", "rules", .. Tests.Select(test => Path.Combine(folder, test))]);

        string tests = string.Concat(Tests.Select(test => File.ReadAllText(Path.Combine(folder, test))));
        string document = File.ReadAllText(SourceTree.Locate("docs/telemetry.md"));
        string[] alerts = [.. Alert.Matches(File.ReadAllText(Path.Combine(folder, "registry.rules.yml"))).Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert => Assert.Contains($"alertname=\"{alert}\"", tests, StringComparison.Ordinal));
        Assert.All(alerts, alert => Assert.Contains($"| `{alert}` |", document, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("deploy/prometheus/registry.rules.yml")]
    [InlineData("deploy/grafana/registry.json")]
    public void Every_metric_that_is_asked_for_is_in_the_document(string file)
    {
        string document = File.ReadAllText(SourceTree.Locate("docs/telemetry.md"));
        string[] names = [.. Metric.Matches(File.ReadAllText(SourceTree.Locate(file))).Select(match => Suffix.Replace(match.Value, string.Empty)).Distinct()];

        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Contains($"`{name}`", document, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"metrics +(http://\S+/metrics)")]
    private static partial Regex MetricsLine { get; }

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alert { get; }

    [GeneratedRegex(@"\b(?:registry|process|http_server)_[a-z_0-9]+(?=\{)")]
    private static partial Regex Metric { get; }

    [GeneratedRegex("_(?:bucket|sum|count)$")]
    private static partial Regex Suffix { get; }
}
