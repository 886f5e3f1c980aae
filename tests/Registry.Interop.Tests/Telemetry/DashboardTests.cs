using System.Text.Json;
using System.Text.RegularExpressions;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Telemetry;

/// <summary>A real Prometheus scrapes a running registry, and has an answer to each query of the dashboard.</summary>
public sealed partial class DashboardTests
{
    private static readonly string Dashboard = Path.Combine(AppContext.BaseDirectory, "registry-dashboard.json");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_query_of_the_dashboard_is_answered_after_some_pushes_pulls_and_a_collection(bool isNode)
    {
        Requires.Program("prometheus", "prometheus");
        await using Stores? stores = isNode ? await Stores.StartAsync() : null;
        using var folder = new TemporaryFolder();
        using var scratch = new TemporaryFolder();
        string users = Path.Combine(scratch.Path, "htpasswd");
        File.WriteAllText(users, $"alice:{BCrypt.Net.BCrypt.HashPassword("secret", 4)}\n");
        var variables = new Dictionary<string, string?>
        {
            ["REGISTRY_METRICS_PORT"] = "0",

            // Longer than a push takes on a busy machine. A cycle runs every tenth of it.
            ["REGISTRY_GC_GRACE"] = "20",
            ["REGISTRY_TRASH"] = "1",
            ["REGISTRY_AUTH_TYPE"] = "basic",
            ["REGISTRY_AUTH_HTPASSWD"] = users,
        };
        stores?.Configure(variables);
        await using RegistryProcess upstream = await RegistryProcess.StartAsync(scratch.Folder("upstream"));
        variables["REGISTRY_MIRROR_CONFIG"] = scratch.File("mirror.json");
        File.WriteAllText(scratch.File("mirror.json"), $$"""{ "upstreams": [ { "name": "up.example", "url": "http://{{upstream.HostPort}}", "prefix": "up" } ] }""");
        using (var author = new HttpClient { BaseAddress = upstream.BaseAddress })
        {
            _ = await author.PushAsync("team/app", TestImage.Create(layerSize: 1000), "latest");
        }

        await using RegistryProcess registry = await RegistryProcess.StartAsync(folder.Path, variables);
        await registry.WaitForOutputAsync("docker push");
        await using PrometheusServer prometheus = await PrometheusServer.StartAsync(
            scratch.Path, new Uri(MetricsLine.Match(registry.Output).Groups[1].Value).Authority);
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        client.DefaultRequestHeaders.Add("Authorization", $"Basic {Convert.ToBase64String("alice:secret"u8)}");

        List<string> queries = [.. Queries().Where(query => Engine.IsMatch(query) == isNode)];
        Assert.NotEmpty(queries);
        using var deadline = new CancellationTokenSource(Patience.Limit);
        while (queries.Count > 0 && !deadline.IsCancellationRequested)
        {
            // Again and again: a rate needs two scrapes with something in between.
            await UseAsync(client);
            foreach (string query in queries.ToArray())
            {
                if ((await prometheus.QueryAsync(query)).Any(value => value != "NaN"))
                {
                    queries.Remove(query);
                }
            }
        }

        Assert.Empty(queries);
    }

    private static async Task UseAsync(HttpClient client)
    {
        TestImage image = await client.PushAsync("team/app", TestImage.Create(layerSize: 100_000), "latest");
        string[] paths = ["/v2/team/app/manifests/latest", $"/v2/team/app/blobs/{image.Blobs[0].Digest}", $"/v2/team/app/blobs/{image.Blobs[1].Digest}"];

        // The second time, they are answered from memory.
        foreach (string path in paths.Concat(paths).Append("/v2/up/team/app/manifests/latest"))
        {
            Assert.Equal(200, (await client.GetAnswerAsync(path)).Status);
        }

        Assert.Equal(201, (await client.RequestAsync("POST", $"/v2/team/copy/blobs/uploads/?mount={image.Blobs[0].Digest}&from=team/app")).Status);
        Assert.Equal(202, (await client.RequestAsync("DELETE", $"/v2/team/app/manifests/{image.Digest}")).Status);
        Assert.Equal(401, (await client.GetAnswerAsync("/v2/", ("Authorization", "Basic bm9ib2R5Om5vdGhpbmc="))).Status);
    }

    // As Grafana fills them in, with a range that has some scrapes in it.
    private static IEnumerable<string> Queries() => JsonElement.Parse(File.ReadAllBytes(Dashboard)).GetProperty("panels").EnumerateArray()
        .Where(panel => panel.TryGetProperty("targets", out _))
        .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
        .Select(target => target.GetProperty("expr").GetString()!
            .Replace("$__rate_interval", "30s", StringComparison.Ordinal)
            .Replace("job=\"$job\"", "job=\"registry\"", StringComparison.Ordinal)
            .Replace("instance=\"$instance\"", "instance!=\"\"", StringComparison.Ordinal));

    // Metrics that only a node has.
    [GeneratedRegex("registry_(?:s3|postgres|bucket)_|registry_gc_turn")]
    private static partial Regex Engine { get; }

    [GeneratedRegex(@"metrics +(http://\S+/metrics)")]
    private static partial Regex MetricsLine { get; }
}
