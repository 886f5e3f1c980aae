using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Registry.Server.Configuration;
using Registry.Server.Tests.Tls;
using Registry.Server.Tests.Transport;
using static Registry.Testing.Http2Frames;

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

    public enum Wire
    {
        Http11,
        Tls,
        Http2,
        Http2OverTls,
    }

    public enum Ending
    {
        Reset,
        Fin,
    }

    public static TheoryData<TransportKind, Wire, Ending> Cases
    {
        get
        {
            var cases = new TheoryData<TransportKind, Wire, Ending>();
            foreach (var transport in Enum.GetValues<TransportKind>())
            {
                foreach (var wire in Enum.GetValues<Wire>())
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
    public async Task A_dropped_download_is_a_debug_line_with_the_bytes_that_were_sent(TransportKind transport, Wire wire, Ending ending)
    {
        var registry = registries[transport, wire];
        var before = registry.Log.Entries.Count;

        await RepeatAsync(async () =>
        {
            using var client = await Client.ConnectAsync(registry, wire);
            await client.RequestAsync("GET", Samples.Path(Blob));
            await client.TakeAsync(100_000);
            client.End(ending);
        });

        await Eventually.HoldsAsync(() => Task.FromResult(Downloads(registry, before).Count == Drops), "every request has ended");
        AssertQuiet(registry, before);
        if (transport == TransportKind.Kestrel && wire is Wire.Tls or Wire.Http2OverTls)
        {
            // Until Kestrel notices the end, its TLS accepts bytes that the client never reads; their number depends on timing.
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
    public async Task A_dropped_upload_is_a_debug_line(TransportKind transport, Wire wire, Ending ending)
    {
        var registry = registries[transport, wire];
        var before = registry.Log.Entries.Count;

        await RepeatAsync(async () =>
        {
            using var client = await Client.ConnectAsync(registry, wire);
            await client.RequestAsync("POST", $"/v2/t/blobs/uploads/?digest={Blob.Digest}", Blob.Bytes.AsMemory(0, 10_000));
            client.End(ending);
        });

        // A reset may come before the server has looked at the request, which it then never sees.
        await Eventually.HoldsAsync(() => Task.FromResult(Count(registry, before, " stopped.") >= Drops), "every connection has ended");
        AssertQuiet(registry, before);
    }

    [Theory]
    [InlineData(TransportKind.Direct, Wire.Http11)]
    [InlineData(TransportKind.Direct, Wire.Tls)]
    [InlineData(TransportKind.Kestrel, Wire.Http11)]
    [InlineData(TransportKind.Kestrel, Wire.Tls)]
    public async Task Pipelined_requests_and_a_reset_leave_no_stack_trace(TransportKind transport, Wire wire)
    {
        var registry = registries[transport, wire];
        var before = registry.Log.Entries.Count;

        await RepeatAsync(async () =>
        {
            using var client = await Client.ConnectAsync(registry, wire);
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
        var registry = registries[transport, Wire.Tls];
        var before = registry.Log.Entries.Count;

        foreach (var ending in Enum.GetValues<Ending>())
        {
            await RepeatAsync(async () =>
            {
                using var client = await Client.ConnectAsync(registry, Wire.Http11);
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

    /// <summary>Client that implements just enough of a protocol to begin a request.</summary>
    private sealed class Client : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 64 * 1024 };
        private Stream _stream = Stream.Null;
        private bool _isHttp2;
        private bool _isTls;

        public static async Task<Client> ConnectAsync(TestRegistry registry, Wire wire)
        {
            var client = new Client { _isHttp2 = wire is Wire.Http2 or Wire.Http2OverTls, _isTls = wire is Wire.Tls or Wire.Http2OverTls };
            var address = new Uri(registry.Host.Addresses[wire == Wire.Http2 ? 1 : 0]);
            await client._socket.ConnectAsync(address.Host, address.Port);
            client._stream = new NetworkStream(client._socket);
            if (client._isTls)
            {
#pragma warning disable CA5359 // It is the registry that was just started.
                var tls = new SslStream(client._stream, false, (_, _, _, _) => true);
#pragma warning restore CA5359
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    ApplicationProtocols = [client._isHttp2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11],
                });
                client._stream = tls;
            }

            if (client._isHttp2)
            {
                // A window that lets an answer begin and not end (RFC 9113, section 6.9).
                await client.SendAsync([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [0, 4, 0, 0x10, 0, 0]), .. Frame(8, 0, 0, [0, 0x10, 0, 0])]);
            }

            return client;
        }

        public async Task RequestAsync(string method, string path, ReadOnlyMemory<byte> body = default)
        {
            if (!_isHttp2)
            {
                var length = body.IsEmpty ? string.Empty : $"Content-Length: {Blob.Bytes.Length}\r\n";
                await SendAsync([.. Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{length}\r\n"), .. body.Span]);
                return;
            }

            byte[] headers = [(byte)(method == "GET" ? 0x82 : 0x83), (byte)(_isTls ? 0x87 : 0x86), .. LongLiteral(0x04, path), .. Literal(0x01, "localhost")];
            await SendAsync(Frame(Headers, (byte)(EndHeaders | (body.IsEmpty ? EndStream : 0)), 1, headers));
            if (!body.IsEmpty)
            {
                await SendAsync(Frame(0, 0, 1, body.ToArray()));
            }
        }

        public Task SendAsync(byte[] bytes) => _stream.WriteAsync(bytes).AsTask();

        public async Task TakeAsync(int count)
        {
            var buffer = new byte[16 * 1024];
            while (count > 0)
            {
                count -= await _stream.ReadAsync(buffer) is var read and > 0 ? read : throw new EndOfStreamException();
            }
        }

        public void End(Ending ending)
        {
            if (ending == Ending.Reset)
            {
                _socket.LingerState = new LingerOption(true, 0);
            }
            else
            {
                _socket.Shutdown(SocketShutdown.Send);
            }

            _socket.Close();
        }

        public void Dispose()
        {
            _socket.Dispose();
        }

        // Lengths from 127 take a second byte (RFC 7541, section 5.1); none here takes a third.
        private static byte[] LongLiteral(byte index, string value) => value.Length < 127
            ? Literal(index, value)
            : [index, 127, (byte)(value.Length - 127), .. Encoding.ASCII.GetBytes(value)];
    }

    /// <summary>Registries for every transport, with and without TLS, and the content to download.</summary>
    public sealed class Registries : IAsyncLifetime
    {
        private readonly TlsFolder _tls = new();
        private readonly Dictionary<(TransportKind, bool), TestRegistry> _registries = [];

        public TestRegistry this[TransportKind transport, Wire wire] => _registries[(transport, wire is Wire.Tls or Wire.Http2OverTls)];

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
