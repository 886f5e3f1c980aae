using Registry.Server.Tests.Buckets;
using Registry.Server.Tests.Documentation;
using Registry.Server.Tests.Telemetry;
using Registry.Storage.Postgres;
using Registry.Storage.S3;
using Registry.Storage.Testing;
using Registry.Testing.Engines;

namespace Registry.Server.Tests.Nodes;

/// <summary>Metrics of the engines, as Prometheus scrapes them: each request of a client costs as many requests to S3 as docs/s3.md promises.</summary>
[Collection(BucketCollection.Name)]
public sealed class EngineMetricsTests(Gateway gateway, SharedDatabase databases) : IAsyncLifetime
{
    private const string Repository = "team/app";
    private const string Requests = "registry_s3_requests_total";

    // Two parts and a rest, and less than a part.
    private static readonly TestBlob Large = TestBlob.Random(11_000_000);
    private static readonly TestBlob Medium = TestBlob.Random(300_000);

    private readonly HttpClient _prometheus = new();
    private PostgresSettings _database = null!;
    private S3Settings _bucket = null!;
    private FaultProxy _proxy = null!;
    private TestRegistry _node = null!;

    private HttpClient Client => _node.Client;

    public async ValueTask InitializeAsync()
    {
        _proxy = new FaultProxy(gateway.Ceph.Endpoint);
        (_database, _bucket) = (await databases.CreateAsync(), gateway.NewSettings() with { Endpoint = _proxy.Address });
        _node = await TestRegistry.StartAsync(options => options with { Database = _database, Bucket = _bucket, MetricsPort = 0 });
    }

    public async ValueTask DisposeAsync()
    {
        _prometheus.Dispose();
        await _node.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    [Fact]
    public async Task A_cold_push_costs_one_request_for_a_small_layer_and_for_a_large_one_its_parts_and_two()
    {
        await AssertCostAsync(async () => await Client.PushAsync(Repository, TestImage.Create(layers: 3), "tiny"));
        await AssertCostAsync(async () => await Client.PushAsync(Repository, TestImage.Of([Medium]), "small"), ("put", 1));
        await AssertCostAsync(async () => await Client.PushAsync(Repository, TestImage.Of([Large]), "large"), ("create", 1), ("part", 3), ("complete", 1));
    }

    [Fact]
    public async Task Only_the_bytes_of_a_layer_cost_a_request_to_read()
    {
        var image = await Client.PushAsync(Repository, TestImage.Of([Medium]), "latest");
        await AssertCostAsync(async () =>
        {
            foreach (var path in new[] { "manifests/latest", $"manifests/{image.Digest}", $"blobs/{Medium.Digest}", $"blobs/{image.Blobs[0].Digest}" })
            {
                Check.Status(200, await Client.HeadAnswerAsync($"/v2/{Repository}/{path}"));
            }

            foreach (var path in new[] { "manifests/latest", $"manifests/{image.Digest}", $"blobs/{image.Blobs[0].Digest}", "tags/list", $"referrers/{image.Digest}" })
            {
                Check.Status(200, await Client.GetAnswerAsync($"/v2/{Repository}/{path}"));
            }

            Check.Status(200, await Client.GetAnswerAsync("/v2/_catalog"));
        });
        await AssertCostAsync(async () =>
        {
            Check.Status(201, await Client.RequestAsync("POST", $"/v2/other/blobs/uploads/?mount={Medium.Digest}&from={Repository}"));
        });
        await AssertCostAsync(async () => Check.Status(200, await Client.GetAnswerAsync($"/v2/{Repository}/blobs/{Medium.Digest}")), ("get", 1));
        await AssertCostAsync(async () =>
        {
            Check.Status(202, await Client.RequestAsync("DELETE", $"/v2/{Repository}/manifests/latest"));
            Check.Status(202, await Client.RequestAsync("DELETE", $"/v2/{Repository}/manifests/{image.Digest}"));
            Check.Status(202, await Client.RequestAsync("DELETE", $"/v2/{Repository}/blobs/{Medium.Digest}"));
        });
    }

    [Fact]
    public async Task The_document_has_a_row_for_each_metric_of_an_engine_and_a_registry_without_engines_has_none_of_them()
    {
        // A histogram is there after the first record.
        await Client.PushBlobAsync(Repository, Medium);
        var names = (await ScrapeAsync(_node)).Keys.Select(NameOf).ToHashSet();
        var own = Rows("Metrics of S3").Concat(Rows("Metrics of PostgreSQL")).ToHashSet();
        Assert.Superset(own, names);

        await using var plain = await TestRegistry.StartAsync(options => options with { MetricsPort = 0 });
        var expected = Rows("Metrics of the registry").ToHashSet();
        await plain.Client.PushAsync(Repository, TestImage.Create(), "latest");
        Assert.DoesNotContain((await ScrapeAsync(plain)).Keys.Select(NameOf), own.Contains);
        Assert.Empty(names.Where(name => name.StartsWith("registry_", StringComparison.Ordinal)).Except(expected).Except(own));

        static IEnumerable<string> Rows(string heading) => Document.Read("docs/telemetry.md").Rows(heading).Skip(1).Select(row => row[1]);
    }

    [Fact]
    public async Task A_node_tells_of_its_stores_and_of_the_turn_of_the_collector()
    {
        await using var collecting = await TestRegistry.StartAsync(
            options => options with { Database = _database, Bucket = _bucket, MetricsPort = 0, GcGrace = TimeSpan.FromSeconds(1) });
        await Eventually.HoldsAsync(async () => (await ScrapeAsync(collecting))["registry_gc_turn"] == 1, "the node has the turn of the collector");
        await Eventually.HoldsAsync(async () => (await ScrapeAsync(_node))["registry_postgres_nodes"] == 2, "the nodes are counted");

        var node = await ScrapeAsync(_node);
        Assert.Equal((0, 1, 0), (node["registry_gc_turn"], node["registry_postgres_reachable"], node["registry_s3_circuit_open"]));
        Assert.Equal((16, 0), (node["registry_postgres_connections_limit"], node["registry_bucket_foreign"]));
        Assert.InRange(node["registry_postgres_feed_lag_seconds"], 0, 60);

        // The start has tried out each right.
        foreach (var operation in new[] { "list", "put", "get", "delete" })
        {
            Assert.Equal(1, node[$"{Requests}{{registry_operation=\"{operation}\",registry_result=\"ok\"}}"]);
        }
    }

    private static string NameOf(string series)
    {
        var name = series.Split('{')[0];
        foreach (var suffix in new[] { "_bucket", "_sum", "_count" })
        {
            name = name.EndsWith($"_seconds{suffix}", StringComparison.Ordinal) ? name[..^suffix.Length] : name;
        }

        return name;
    }

    // The whole cost: what is not named must not rise.
    private async Task AssertCostAsync(Func<Task> use, params (string Operation, int Count)[] expected)
    {
        var (before, exchanges) = (await ScrapeAsync(_node), _proxy.Exchanges);
        await use();
        var after = await ScrapeAsync(_node);
        Assert.Equal(
            Lines(expected.Select(row => $"{Requests}{{registry_operation=\"{row.Operation}\",registry_result=\"ok\"}} {row.Count}")),
            Lines(after.Where(series => series.Key.StartsWith(Requests, StringComparison.Ordinal) && series.Value != before[series.Key])
                .Select(series => $"{series.Key} {series.Value - before[series.Key]}")));
        Assert.Equal(expected.Sum(row => row.Count), _proxy.Exchanges - exchanges);

        static string Lines(IEnumerable<string> lines) => string.Join('\n', lines.Order(StringComparer.Ordinal));
    }

    private Task<Dictionary<string, double>> ScrapeAsync(TestRegistry registry) => MetricsPage.ReadAsync(_prometheus, registry);
}
