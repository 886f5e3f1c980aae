using System.Net.Security;
using System.Net.Sockets;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Tls;
using static Registry.Testing.Connections.Http2Frames;

namespace Registry.Server.Tests.Robustness;

/// <summary>
/// Floods of HTTP/2 frames: rapid resets (CVE-2023-44487), endless CONTINUATION (CVE-2024-27316), SETTINGS and PING (CVE-2019-9512,
/// -9515). The connection is closed, or at least other clients do not wait.
/// </summary>
public sealed class Http2FloodTests : IDisposable
{
    private readonly TlsFolder _tls = new();

    public static TheoryData<string, TransportKind> Floods
    {
        get
        {
            var floods = new TheoryData<string, TransportKind>();
            foreach (var transport in Enum.GetValues<TransportKind>())
            {
                foreach (var flood in new[] { "rapid reset", "continuation", "settings", "ping" })
                {
                    floods.Add(flood, transport);
                }
            }

            return floods;
        }
    }

    public void Dispose() => _tls.Dispose();

    [Theory]
    [MemberData(nameof(Floods))]
    public async Task Other_clients_are_served_during_a_flood(string flood, TransportKind transport)
    {
        await using var registry = await TestRegistry.StartAsync(options => _tls.Configure(options with { Transport = transport }));
        var blob = await registry.Client.PushBlobAsync("t", TestBlob.Random());
        using var attacker = new TcpClient();
        await using var stream = await ConnectAsync(registry, attacker);

        var isClosed = FloodAsync(stream, Frames(flood));
        Assert.Equal(blob.Bytes, (await registry.Client.GetAnswerAsync($"/v2/t/blobs/{blob.Digest}")).Body);

        // Kestrel ends what breaks its limits; frames that are only many it answers as fast as the peer reads.
        if (flood is "rapid reset" or "continuation")
        {
            Assert.True(await isClosed, "The connection was not closed.");
        }
        else
        {
            attacker.Close();
            await isClosed;
        }

        Assert.Equal(blob.Bytes, (await registry.Client.GetAnswerAsync($"/v2/t/blobs/{blob.Digest}")).Body);
        Check.Status(201, await registry.Client.RequestAsync("POST", $"/v2/t/blobs/uploads/?digest={blob.Digest}", blob.Bytes));
    }

    private static IEnumerable<byte[]> Frames(string flood)
    {
        var request = Get("/v2/t/tags/list", isTls: true);
        for (var stream = 1; stream < 40_000; stream += 2)
        {
            switch (flood)
            {
                case "rapid reset":
                    yield return [.. Frame(Headers, EndStream | EndHeaders, stream, request), .. Frame(Reset, 0, stream, [0, 0, 0, 8])];
                    break;
                case "continuation":
                    yield return stream == 1 ? Frame(Headers, EndStream, 1, request) : Frame(Continuation, 0, 1, Literal(0, "value", "x-padding"));
                    break;
                case "settings":
                    yield return Frame(Settings, 0, 0, []);
                    break;
                default:
                    yield return Frame(Ping, 0, 0, new byte[8]);
                    break;
            }
        }
    }

    private static async Task<SslStream> ConnectAsync(TestRegistry registry, TcpClient client)
    {
        var address = new Uri(registry.Host.Addresses[0]);
        await client.ConnectAsync(address.Host, address.Port);
#pragma warning disable CA5359 // It is the registry that was just started.
        var stream = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ApplicationProtocols = [SslApplicationProtocol.Http2] });
        return stream;
    }

    // Writes everything while reading what comes back. Whether the server has ended the connection by itself.
    private static async Task<bool> FloodAsync(SslStream stream, IEnumerable<byte[]> frames)
    {
        var reading = ReadToEndAsync(stream);
        try
        {
            await stream.WriteAsync(Preface);
            foreach (var chunk in frames.Chunk(500))
            {
                await stream.WriteAsync(chunk.SelectMany(frame => frame).ToArray());
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Closed meanwhile.
        }

        return await reading;
    }

    private static async Task<bool> ReadToEndAsync(SslStream stream)
    {
        using var deadline = new CancellationTokenSource(Patience.Limit);
        var buffer = new byte[64 * 1024];
        try
        {
            while (await stream.ReadAsync(buffer, deadline.Token) > 0)
            {
            }

            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
