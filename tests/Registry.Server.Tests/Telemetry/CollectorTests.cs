using System.Collections.Concurrent;
using System.Runtime.Versioning;
using System.Text;
using Registry.Server.Tests.Transport.Fixtures;

namespace Registry.Server.Tests.Telemetry;

/// <summary>Metrics and traces that a registry process sends to an OpenTelemetry collector.</summary>
[SupportedOSPlatform("linux")]
public sealed class CollectorTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public async Task Metrics_and_spans_reach_the_collector_and_spans_continue_the_trace_of_the_client()
    {
        var received = new ConcurrentDictionary<string, StringBuilder>();
        await using var collector = await HandlerOnDirectTransport.StartAsync(async http =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            var text = received.GetOrAdd(http.Request.Path, _ => new StringBuilder());
            lock (text)
            {
                text.Append(Encoding.Latin1.GetString(body.ToArray()));
            }
        });
        using var folder = new TemporaryFolder();
        await using var registry = await RegistryProcess.StartAsync(folder.Path, new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.AbsoluteUri,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
            ["OTEL_SERVICE_NAME"] = "registry-under-test",
        });
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        var blob = TestBlob.Random(100_000);

        var answer = Check.Status(201, await client.RequestAsync(
            "POST",
            $"/v2/app/blobs/uploads/?digest={blob.Digest}&password=canary",
            blob.Bytes,
            ("traceparent", $"00-{TraceId}-b7ad6b7169203331-01"),
            ("Cookie", "canary")));

        await Eventually.HoldsAsync(
            () => Task.FromResult(Holds("/v1/traces", "POST /v2/<name>/blobs/uploads/", "metadata commit", "blob placement", answer["X-Request-Id"]!,
                "registry-under-test", Encoding.Latin1.GetString(Convert.FromHexString(TraceId)))
                && Holds("/v1/metrics", "registry.pushes", "http.server.request.duration", "registry.stored", "registry-under-test")),
            "metrics and spans have arrived");
        Assert.False(Holds("/v1/traces", "canary"));

        bool Holds(string path, params string[] texts)
        {
            if (!received.TryGetValue(path, out var text))
            {
                return false;
            }

            lock (text)
            {
                var all = text.ToString();
                return texts.All(part => all.Contains(part, StringComparison.Ordinal));
            }
        }
    }
}
