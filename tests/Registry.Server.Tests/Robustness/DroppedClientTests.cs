using System.Text;
using Microsoft.Extensions.Logging;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Http;
using Registry.Server.Tests.Tls;
using Registry.Server.Tests.Transport.Fixtures;

namespace Registry.Server.Tests.Robustness;

/// <summary>
/// Clients that go away in the middle of a request. This is routine: nothing is logged above the level debug, and the sent bytes are counted.
/// </summary>
public sealed class DroppedClientTests(DroppedClientTests.Registries registries) : IClassFixture<DroppedClientTests.Registries>
{
    private const int Drops = 40;
    private const int AtOnce = 10;

    private static readonly TestBlob Blob = Samples.Make("dropped", 16 * 1024 * 1024);
    private static readonly TestBlob Small = Samples.Make("dropped small", 3000);

    public static TheoryData<TransportKind, WireKind, Ending> Cases
    {
        get
        {
            var cases = new TheoryData<TransportKind, WireKind, Ending>();
            foreach (var transport in Enum.GetValues<TransportKind>())
            {
                foreach (var wire in Enum.GetValues<WireKind>())
                {
                    cases.Add(transport, wire, Ending.Reset);
                    cases.Add(transport, wire, Ending.Fin);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_dropped_download_is_a_debug_line_with_the_bytes_that_were_sent(TransportKind transport, WireKind wire, Ending ending)
    {
        var registry = registries[transport, wire];
        var before = registry.Log.Entries.Count;

        await RepeatAsync(async () =>
        {
            using var client = await WireClient.ConnectAsync(registry, wire);
            await client.RequestAsync("GET", Samples.Path(Blob));
            await client.TakeAsync(100_000);
            client.End(ending);
        });

        await Eventually.HoldsAsync(() => Task.FromResult(Downloads(registry, before).Count == Drops), "every request has ended");
        AssertQuiet(registry, before);
        if (transport == TransportKind.Kestrel && wire == WireKind.Tls)
        {
            // Records count when the transport has passed on all of a piece, and Kestrel's does not tell of a part: up to 240 KiB are missing.
            return;
        }

        Assert.All(Downloads(registry, before), line =>
        {
            Assert.Contains("-> the client has gone away", line.Message, StringComparison.Ordinal);
            // What a client has seen is counted but for the piece that was on its way, of 32 KiB.
            Assert.InRange(line.BytesOut, 60_000, Blob.Bytes.Length - 1);
        });
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_dropped_upload_is_a_debug_line(TransportKind transport, WireKind wire, Ending ending)
    {
        var registry = registries[transport, wire];
        var before = registry.Log.Entries.Count;

        await RepeatAsync(async () =>
        {
            using var client = await WireClient.ConnectAsync(registry, wire);
            await client.RequestAsync("POST", $"/v2/t/blobs/uploads/?digest={Blob.Digest}", Blob.Bytes.Length, Blob.Bytes.AsMemory(0, 10_000));
            client.End(ending);
        });

        // A reset may come before the server has looked at the request, which it then never sees.
        await Eventually.HoldsAsync(() => Task.FromResult(Count(registry, before, " stopped.") >= Drops), "every connection has ended");
        AssertQuiet(registry, before);
    }

    [Theory]
    [InlineData(TransportKind.Direct, WireKind.Http11)]
    [InlineData(TransportKind.Direct, WireKind.Tls)]
    [InlineData(TransportKind.Kestrel, WireKind.Http11)]
    [InlineData(TransportKind.Kestrel, WireKind.Tls)]
    public async Task Pipelined_requests_and_a_reset_leave_no_stack_trace(TransportKind transport, WireKind wire)
    {
        var registry = registries[transport, wire];
        var before = registry.Log.Entries.Count;

        await RepeatAsync(async () =>
        {
            using var client = await WireClient.ConnectAsync(registry, wire);
            await client.SendAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(
                Turns.Get(Small) + Turns.Request("GET", "/v2/nowhere/tags/list") + Turns.Get(Blob) + Turns.Request("GET", "/v2/"), 20))));
            client.End(Ending.Reset);
        });

        // One that is served as if nothing had been.
        Assert.Equal(Blob.Bytes, (await registry.Client.GetAnswerAsync(Samples.Path(Blob))).Body);
        await Eventually.HoldsAsync(() => Task.FromResult(Count(registry, before, " stopped.") >= Drops), "every connection has ended");
        AssertQuiet(registry, before);
    }

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task A_handshake_that_breaks_off_leaves_no_line(TransportKind transport)
    {
        var registry = registries[transport, WireKind.Tls];
        var before = registry.Log.Entries.Count;

        foreach (var ending in Enum.GetValues<Ending>())
        {
            await RepeatAsync(async () =>
            {
                using var client = await WireClient.ConnectAsync(registry, WireKind.Http11);
                await client.SendAsync([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]);
                client.End(ending);
            });
        }

        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"));
        AssertQuiet(registry, before);
    }

    private static async Task RepeatAsync(Func<Task> drop)
    {
        for (var i = 0; i < Drops; i += AtOnce)
        {
            await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => drop()));
        }
    }

    // What Kestrel logs at the level info is not printed (Program); its lines are those of connections.
    private static void AssertQuiet(TestRegistry registry, int before) => AssertNone(
        registry.Log.Entries.Skip(before).Where(entry => entry.Level > LogLevel.Information
            || (entry.Level == LogLevel.Information && !entry.Message.StartsWith("Connection id ", StringComparison.Ordinal))).Select(entry => $"{entry.Level}: {entry.Message}\n{entry.Exception}").Take(5));

    private static void AssertNone(IEnumerable<string> lines)
    {
        var found = string.Join('\n', lines);
        Assert.True(found.Length == 0, found);
    }

    // Lines that Kestrel ends so.
    private static int Count(TestRegistry registry, int before, string end) =>
        registry.Log.Entries.Skip(before).Count(entry => entry.Message.EndsWith(end, StringComparison.Ordinal));

    private static List<(string Message, long BytesOut)> Downloads(TestRegistry registry, int before) =>
        [.. registry.Log.Entries.Skip(before).Where(entry => entry.Message.StartsWith("GET ", StringComparison.Ordinal))
            .Select(entry => (entry.Message, long.Parse(entry.Message.Split(" B in, ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture)))];

    /// <summary>Registries for every transport, with and without TLS, and the content to download.</summary>
    public sealed class Registries : IAsyncLifetime
    {
        private readonly TlsFolder _tls = new();
        private readonly Dictionary<(TransportKind, bool), TestRegistry> _registries = [];

        public TestRegistry this[TransportKind transport, WireKind wire] => _registries[(transport, wire is WireKind.Tls or WireKind.Http2OverTls)];

        public async ValueTask InitializeAsync()
        {
            foreach (var transport in Enum.GetValues<TransportKind>())
            {
                foreach (var isTls in (bool[])[false, true])
                {
                    // The verification logs its end, whenever that comes.
                    var registry = _registries[(transport, isTls)] = await TestRegistry.StartAsync(options => Configure(
                        options with { Transport = transport, VerifyPeriod = TimeSpan.Zero }, isTls));
                    await registry.Client.PushBlobAsync("t", Blob);
                    await registry.Client.PushBlobAsync("t", Small);
                }
            }
        }

        private RegistryOptions Configure(RegistryOptions options, bool isTls) => isTls ? _tls.Configure(options) : options with { Http2Port = 0 };

        public async ValueTask DisposeAsync()
        {
            foreach (var registry in _registries.Values)
            {
                await registry.DisposeAsync();
            }

            _tls.Dispose();
        }
    }
}
