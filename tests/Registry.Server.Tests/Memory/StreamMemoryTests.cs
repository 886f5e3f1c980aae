using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Registry.Server.Memory;
using Registry.Server.Tests.Http;
using Registry.Server.Tests.Tls;

namespace Registry.Server.Tests.Memory;

/// <summary>
/// Requests over HTTP/2 for large answers whose clients let nothing through: the number of connections does not bound them. (Small answers do not wait for their
/// clients; <see cref="Registry.Server.Transport.ConnectionLimit.Streams"/> bounds them.)
/// </summary>
public sealed class StreamMemoryTests : IDisposable
{
    private const int MiB = 1024 * 1024;
    private const int StreamsOfConnection = 20;
    private const int Attempts = 100;

    // The attackers use another address of the loopback network.
    private static readonly IPAddress Elsewhere = IPAddress.Parse("127.0.0.2");

    private readonly TlsFolder _tls = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public void Dispose() => _tls.Dispose();

    [Theory]
    [InlineData(WireKind.Http2)]
    [InlineData(WireKind.Http2OverTls)]
    public async Task Streams_that_wait_for_their_windows_are_bounded_in_total_and_give_way_to_other_clients(WireKind wire)
    {
        await using var registry = await StartAsync(wire);
        var streams = registry.Host.Memory.Streams;
        await PushAsync(registry);
        var attackers = await AttackAsync(registry, wire);

        // Waiting requests are refused after three seconds, so all of them are counted.
        await PassUntilAsync(() => streams.Refused > 0, "some are refused");
        Assert.InRange(streams.Used, streams.Shared - (2 * RequestMemory.Stream), streams.Shared);

        using var client = Client(registry, wire, IPAddress.Loopback);
        using var answer = await GetAsync(client, "/v2/held/manifests/large");
        Assert.Equal(MiB, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["annotations"]!["a"]!.GetValue<string>().Length);
        Assert.InRange(streams.Used, 1, streams.Limit);

        attackers.ForEach(attacker => attacker.Dispose());
        await Eventually.HoldsAsync(() => Task.FromResult(streams.Used == 0), "everything is returned");
    }

    [Fact]
    public async Task A_request_of_the_caller_that_holds_everything_is_429_without_a_body()
    {
        await using var registry = await StartAsync(WireKind.Http2);
        await PushAsync(registry);
        var attackers = await AttackAsync(registry, WireKind.Http2);
        await PassUntilAsync(() => registry.Host.Memory.Streams.Refused > 0, "some are refused");
        using var client = Client(registry, WireKind.Http2, Elsewhere);

        using var answer = await GetAsync(client, "/v2/");

        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(5), answer.Headers.RetryAfter?.Delta);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
        attackers.ForEach(attacker => attacker.Dispose());
    }

    [Fact]
    public async Task Pulls_go_on_in_small_pieces_when_nothing_is_left()
    {
        await using var registry = await StartAsync(WireKind.Http2);
        await PushAsync(registry);
        var blob = await registry.Client.PushBlobAsync("held", TestBlob.Random(2 * MiB));
        using var client = Client(registry, WireKind.Http2, IPAddress.Loopback);
        using var begun = await GetAsync(client, $"/v2/held/blobs/{blob.Digest}");
        var attackers = await AttackAsync(registry, WireKind.Http2);
        await PassUntilAsync(() => registry.Host.Memory.Streams.Refused > 0, "some are refused");

        using var later = await GetAsync(client, $"/v2/held/blobs/{blob.Digest}");

        Assert.Equal(blob.Bytes, await later.Content.ReadAsByteArrayAsync());
        Assert.Equal(blob.Bytes, await begun.Content.ReadAsByteArrayAsync());
        attackers.ForEach(attacker => attacker.Dispose());
    }

    private static async Task PushAsync(TestRegistry registry) => await registry.Client.PushAsync(
        "held", TestImage.Create(json => json["annotations"] = new JsonObject { ["a"] = new string('a', MiB) }), "large");

    private static HttpClient Client(TestRegistry registry, WireKind wire, IPAddress from)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
#pragma warning disable CA5359 // It is the registry that was just started.
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return new HttpClient(handler)
        {
            BaseAddress = new Uri(registry.Host.Addresses[wire == WireKind.Http2 ? 1 : 0]),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    // More streams than there is memory for, whatever the size of their pieces.
    private async Task<List<WireClient>> AttackAsync(TestRegistry registry, WireKind wire)
    {
        var clients = new List<WireClient>();
        var streams = registry.Host.Memory.Streams;
        for (var sent = 0L; sent * RequestMemory.Stream < streams.Limit * 4 / 3; sent += StreamsOfConnection)
        {
            var client = await WireClient.ConnectAsync(registry, wire, window: 0, from: Elsewhere);
            clients.Add(client);
            for (var stream = 0; stream < StreamsOfConnection; stream++)
            {
                await client.RequestAsync("GET", "/v2/held/manifests/large");
            }
        }

        await Eventually.HoldsAsync(
            () => Task.FromResult(streams.Used > streams.Shared - (2 * RequestMemory.Stream)), "the attackers hold all that is shared");
        return clients;
    }

    private Task PassUntilAsync(Func<bool> holds, string what) => Eventually.HoldsAsync(
        () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(holds());
        },
        what);

    // Repeats what is refused with 503, as clients do: the attackers may need longer to give way than the request waits.
    private async Task<HttpResponseMessage> GetAsync(HttpClient client, string path)
    {
        for (var attempt = 1; ; attempt++)
        {
            var asking = client.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            await PassUntilAsync(() => asking.IsCompleted, "the answer begins");
            var answer = await asking;
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || attempt == Attempts)
            {
                return answer;
            }

            answer.Dispose();
        }
    }

    private Task<TestRegistry> StartAsync(WireKind wire) => TestRegistry.StartAsync(
        options =>
        {
            options = options with { RequestMemory = 32 * MiB, IdleTimeout = TimeSpan.FromHours(1), Limits = options.Limits with { SlowGrace = TimeSpan.FromHours(1) }, Http2Port = wire == WireKind.Http2 ? 0 : null };
            return wire == WireKind.Http2OverTls ? _tls.Configure(options) : options;
        },
        time: _time);
}
