using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Registry.Server.Tests.Http;
using Registry.Server.Tests.Tls;
using Registry.Server.Tests.Transport.Fixtures;
using Registry.Server.Transport;
using Registry.Server.Transport.Buffers;
using static Registry.Testing.Connections.Http2Frames;

namespace Registry.Server.Tests.Transport;

/// <summary>
/// Clients that do not take their responses, over every protocol: what they hold does not grow with the response, and REGISTRY_IDLE_TIMEOUT and
/// the least rate end them.
/// </summary>
[Collection(Alone.Name)]
public sealed class SlowReaderTests : IDisposable
{
    private const int Connections = 20;
    private const int Streams = 20;
    private const long Mebibyte = 1024 * 1024;

    // More than the sockets of both sides hold.
    private static readonly TestBlob Huge = Samples.Make("slow reader", 32 * 1024 * 1024);

    private readonly TlsFolder _tls = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public void Dispose() => _tls.Dispose();

    [Theory]
    [InlineData(WireKind.Http11)]
    [InlineData(WireKind.Tls)]
    [InlineData(WireKind.Http2)]
    [InlineData(WireKind.Http2OverTls)]
    public async Task A_client_that_reads_nothing_is_ended_after_the_idle_limit(WireKind wire)
    {
        await using var registry = await StartAsync(wire);
        await registry.Client.PushBlobAsync("t", Huge);
        using var client = await WireClient.ConnectAsync(registry, wire, window: int.MaxValue);
        if (wire is WireKind.Http2 or WireKind.Http2OverTls)
        {
            await client.WidenAsync(0, (int)(1024 * Mebibyte));
        }

        await client.RequestAsync("GET", Samples.Path(Huge));

        await PassUntilAsync(() => Gone(registry) == 1, "the registry gives up");
    }

    [Theory]
    [InlineData(WireKind.Http2)]
    [InlineData(WireKind.Http2OverTls)]
    public async Task Streams_with_a_window_of_0_hold_little_and_are_reset_after_the_idle_limit(WireKind wire)
    {
        await using var registry = await StartAsync(wire);
        await PushLargeManifestAsync(registry);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var clients = new List<WireClient>();
        for (var i = 0; i < Connections; i++)
        {
            var client = await WireClient.ConnectAsync(registry, wire, window: 0);
            clients.Add(client);
            for (var stream = 0; stream < Streams; stream++)
            {
                await client.RequestAsync("GET", "/v2/held/manifests/large");
            }

            await client.AwaitFramesAsync(Headers, Streams);
        }

        // Whole, they would be 1.6 GB; a piece of 64 KiB each is 25 MiB.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 64 * Mebibyte);
        await PassUntilAsync(() => Gone(registry) == Connections * Streams, "all are given up");

        // Only the streams: their connections serve other requests.
        foreach (var client in clients)
        {
            await client.AwaitFramesAsync(Http2Frames.Reset, Streams);
            await client.RequestAsync("GET", "/v2/held/manifests/none");
            await client.AwaitFramesAsync(Headers, 1);
            client.Dispose();
        }
    }

    [Theory]
    [InlineData(WireKind.Http11)]
    [InlineData(WireKind.Tls)]
    [SupportedOSPlatform("linux")]
    public async Task Clients_that_do_not_read_hold_little_while_memory_for_connections_is_short(WireKind wire)
    {
        await using var registry = await StartAsync(wire);
        await registry.Client.PushBlobAsync("t", Huge);
        var pool = registry.Host.Buffers;
        var taken = new List<IDisposable>();
        while (!pool.IsCrowded)
        {
            taken.Add(pool.Rent(BlockPool.LargestBlock));
        }

        var before = pool.Bytes;
        var clients = new List<WireClient>();
        for (var i = 0; i < Connections; i++)
        {
            clients.Add(await WireClient.ConnectAsync(registry, wire));
            await clients[i].RequestAsync("GET", Samples.Path(Huge));
        }

        var outputs = ((DirectTransport)registry.Host.Transport).Outputs;
        await Eventually.TrueAsync(() => outputs.Waiting.Count == Connections, "all answers wait for their clients");
        Assert.InRange(pool.Bytes - before, 0, Connections * 48 * 1024);

        clients.ForEach(client => client.Dispose());
        taken.ForEach(block => block.Dispose());
    }

    [Fact]
    public async Task A_stream_whose_window_opens_by_a_byte_a_second_is_slow()
    {
        await using var registry = await StartAsync(WireKind.Http2, idle: TimeSpan.FromHours(1));
        await PushLargeManifestAsync(registry);
        using var client = await WireClient.ConnectAsync(registry, WireKind.Http2, window: 0);
        await client.RequestAsync("GET", "/v2/held/manifests/large");
        await client.AwaitFramesAsync(Headers, 1);

        await PassUntilAsync(() => Gone(registry) == 1, "the registry gives up", () => client.WidenAsync(1, 1));
    }

    private static int Gone(TestRegistry registry) => registry.Log.Entries.Count(entry =>
        entry.Message.StartsWith("GET ", StringComparison.Ordinal) && entry.Message.Contains("the client has gone away", StringComparison.Ordinal));

    private static async Task PushLargeManifestAsync(TestRegistry registry) => await registry.Client.PushAsync(
        "held", TestImage.Create(json => json["annotations"] = new JsonObject { ["a"] = new string('a', 4_000_000) }), "large");

    private Task<TestRegistry> StartAsync(WireKind wire, TimeSpan? idle = null) => TestRegistry.StartAsync(
        options =>
        {
            options = options with { IdleTimeout = idle ?? options.IdleTimeout, Http2Port = wire == WireKind.Http2 ? 0 : null };
            return wire is WireKind.Tls or WireKind.Http2OverTls ? _tls.Configure(options) : options;
        },
        time: _time);

    private Task PassUntilAsync(Func<bool> holds, string what, Func<Task>? everySecond = null) => Eventually.HoldsAsync(
        async () =>
        {
            await (everySecond?.Invoke() ?? Task.CompletedTask);
            _time.Advance(TimeSpan.FromSeconds(1));
            return holds();
        },
        what);
}
