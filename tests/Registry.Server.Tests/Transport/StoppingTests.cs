using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Extensions.Time.Testing;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Http;
using Registry.Server.Tests.Tls;
using Registry.Server.Tests.Transport.Fixtures;
using Registry.Server.Transport;
using static Registry.Server.Tests.Transport.Fixtures.Turns;

namespace Registry.Server.Tests.Transport;

/// <summary>Connections during a clean stop of the registry.</summary>
public sealed class StoppingTests : IDisposable
{
    private const int SmallBuffer = 4096;

    // More than the sockets of both sides hold, so that the answer is under way until the client reads it.
    private static readonly TestBlob Huge = Samples.Make("huge", 32 * 1024 * 1024);
    private static readonly TestBlob Body = Samples.Make("body", 200_000);

    // More than the socket of a client with a small buffer holds, and less than that of the server.
    private static readonly TestBlob Kept = Samples.Make("kept", 60_000);

    private readonly TlsFolder _tls = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public static TheoryData<WireKind> Wires => [.. Enum.GetValues<WireKind>()];

    public void Dispose() => _tls.Dispose();

    [Theory]
    [InlineData(TransportKind.Kestrel)]
    [InlineData(TransportKind.Direct)]
    public async Task A_download_is_finished_and_then_the_connection_is_closed(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        using var wire = await Wire.BeginDownloadAsync(registry, Huge);

        var stop = await BeginToStopAsync(registry);

        await Answer("200 huge")(wire);
        await IsClosed(wire);
        await stop;
    }

    [Theory]
    [InlineData(TransportKind.Kestrel)]
    [InlineData(TransportKind.Direct)]
    public async Task An_upload_is_finished_and_its_answer_says_that_the_connection_ends(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        using var wire = await Wire.OpenAsync(registry);
        await Send(Exchanges.Bodies.Post(Body, "Expect: 100-continue\r\n"))(wire);
        await Answer("100")(wire);

        var stop = await BeginToStopAsync(registry);

        await Send(Body.Bytes)(wire);
        await Answer("201 close")(wire);
        await IsClosed(wire);
        await stop;
    }

    [Theory]
    [InlineData(TransportKind.Kestrel)]
    [InlineData(TransportKind.Direct)]
    public async Task Idle_connections_are_closed(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        using var fresh = await Wire.OpenAsync(registry);
        using var used = await Wire.OpenAsync(registry);
        await Send(Request("GET", "/v2/"))(used);
        await Answer("200 {}")(used);

        await registry.Host.DisposeAsync();

        await IsClosed(used);
        await IsClosed(fresh);
    }

    // The clock of the registry stands still during the stop: a connection that waits for its client would wait for ever.
    [Theory]
    [MemberData(nameof(Wires))]
    public async Task A_connection_that_was_idle_for_seconds_does_not_wait_for_its_client(WireKind wire)
    {
        await using var registry = await StartPatientAsync(wire);
        using var client = await WireClient.ConnectAsync(registry, wire);
        await client.RequestAsync("GET", "/v2/");
        await client.AwaitAnswerAsync();
        await client.SettleAsync();
        _time.Advance(TimeSpan.FromSeconds(2));

        await registry.Host.DisposeAsync().AsTask().WaitAsync(Patience.Limit);

        await client.ReadToEndAsync();
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public async Task A_connection_that_was_just_answered_waits_for_its_client(WireKind wire)
    {
        await using var registry = await StartPatientAsync(wire);
        using var client = await WireClient.ConnectAsync(registry, wire);
        await client.RequestAsync("GET", "/v2/");
        await client.AwaitAnswerAsync();

        var stop = registry.Host.DisposeAsync().AsTask();
        await client.ReadToEndAsync();

        Assert.False(stop.IsCompleted);
        client.End(Ending.Fin);
        await stop.WaitAsync(Patience.Limit);
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public async Task A_slow_reader_gets_all_of_an_answer_that_only_the_socket_of_the_server_holds(WireKind wire)
    {
        await using var registry = await StartPatientAsync(wire);
        using var client = await BeginToPullAsync(registry, wire);
        using var idle = await WireClient.ConnectAsync(registry, wire);
        _time.Advance(TimeSpan.FromSeconds(3));

        var stop = registry.Host.DisposeAsync().AsTask();
        await idle.ReadToEndAsync();
        idle.End(Ending.Fin);

        // A connection that is closed would be reset by the first frame.
        Assert.InRange(await client.ReadSlowlyToEndAsync(), Kept.Bytes.Length, 2 * Kept.Bytes.Length);
        Assert.False(stop.IsCompleted);
        client.End(Ending.Fin);
        await stop.WaitAsync(Patience.Limit);
    }

    [Theory]
    [MemberData(nameof(Wires))]
    [SupportedOSPlatform("linux")]
    public async Task A_client_that_does_not_read_delays_the_stop_until_it_is_cut_off_and_gets_its_answer_afterwards(WireKind wire)
    {
        await using var registry = await StartPatientAsync(wire);
        using var client = await BeginToPullAsync(registry, wire);

        // The log does not tell that all of the answer is in the socket; the wait for its end does. What is sent last has its seconds, and no slow reader has as few.
        var stop = registry.Host.DisposeAsync().AsTask();
        var outputs = ((DirectTransport)registry.Host.Transport).Outputs;
        var seconds = 0;
        await Eventually.HoldsAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(seconds++ < 10 ? 1 : 0));
                return Task.FromResult(outputs.Waiting.Any(connection => connection.IsWaitingToEnd));
            },
            "the stop waits for the client");
        Assert.False(stop.IsCompleted);

        // The limit of the stop has the same effect.
        registry.Host.CutOff();
        await stop.WaitAsync(Patience.Limit);

        Assert.InRange(await client.CountToEndAsync(), Kept.Bytes.Length, 2 * Kept.Bytes.Length);
    }

    [Theory]
    [InlineData(WireKind.Http11)]
    [InlineData(WireKind.Tls)]
    [SupportedOSPlatform("linux")]
    public async Task A_slow_reader_that_has_closed_its_sending_side_delays_the_stop_until_it_has_all_of_its_answer(WireKind wire)
    {
        await using var registry = await StartPatientAsync(wire);
        using var client = await BeginToPullAsync(registry, wire, closesSending: true);
        await WaitsForClientAsync(registry);

        var stop = registry.Host.DisposeAsync().AsTask();
        Assert.InRange(await client.CountToEndAsync(), Kept.Bytes.Length, 2 * Kept.Bytes.Length);
        await Eventually.HoldsAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(stop.IsCompleted);
            },
            "the stop ends");
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task A_client_that_has_closed_its_sending_side_and_goes_away_is_not_waited_for()
    {
        await using var registry = await StartPatientAsync(WireKind.Http11);
        using var client = await BeginToPullAsync(registry, WireKind.Http11, closesSending: true);
        await WaitsForClientAsync(registry);

        client.End(Ending.Reset);

        // Fewer seconds than any slow reader has.
        var seconds = 0;
        await Eventually.HoldsAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(seconds++ < 10 ? 1 : 0));
                return Task.FromResult(((DirectTransport)registry.Host.Transport).Connections == 0);
            },
            "the connection ends");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [SupportedOSPlatform("linux")]
    public async Task A_client_that_takes_nothing_of_its_last_answer_is_cut_off_as_any_slow_reader(bool closesSending)
    {
        await using var registry = await StartPatientAsync(WireKind.Http11);
        using var client = await BeginToPullAsync(registry, WireKind.Http11, "Connection: close\r\n", closesSending);
        var transport = (DirectTransport)registry.Host.Transport;
        var seconds = 0;

        await Eventually.HoldsAsync(
            () =>
            {
                for (var i = 0; i < 30; i++, seconds++)
                {
                    _time.Advance(TimeSpan.FromSeconds(1));
                }

                return Task.FromResult(transport.Connections == 0);
            },
            "the connection ends");

        Assert.InRange(seconds, 60, int.MaxValue);
        await Assert.ThrowsAsync<IOException>(client.ReadToEndAsync);
    }

    [Theory]
    [InlineData(TransportKind.Kestrel, new byte[0])]
    [InlineData(TransportKind.Kestrel, new byte[] { 22, 3, 1 })]
    [InlineData(TransportKind.Direct, new byte[0])]
    [InlineData(TransportKind.Direct, new byte[] { 22, 3, 1 })]
    public async Task A_handshake_that_has_not_ended_is_dropped(TransportKind transport, byte[] begun)
    {
        var patience = new ConnectionTimes { Headers = TimeSpan.FromMinutes(10), Drain = TimeSpan.FromMinutes(10) };
        using var tls = new TlsFolder();
        await using var registry = await TestRegistry.StartAsync(options => tls.Configure(options with { Transport = transport, Limits = patience }));
        var address = new Uri(registry.Host.Addresses[0]);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address.Host, address.Port);
        await socket.SendAsync(begun);

        // Connections are accepted in their order.
        using var later = await Wire.OpenAsync(registry);
        await Send(Request("GET", "/v2/"))(later);
        await Answer("200 {}")(later);

        await registry.Host.DisposeAsync().AsTask().WaitAsync(Patience.Limit);

        Assert.Equal(0, await socket.ReceiveAsync(new byte[1]));
    }

    [Theory]
    [InlineData(TransportKind.Kestrel)]
    [InlineData(TransportKind.Direct)]
    public async Task A_download_that_does_not_end_in_time_is_cut_off(TransportKind transport)
    {
        await using var registry = await StartAsync(transport, new ConnectionTimes { Drain = TimeSpan.FromSeconds(1) });
        using var wire = await Wire.BeginDownloadAsync(registry, Huge);

        await registry.Host.DisposeAsync();

        Assert.InRange((await wire.ReceiveRestAsync()).Bytes.Length, 1, Huge.Bytes.Length - 1);
    }

    // The first second ends waits that are over.
    [SupportedOSPlatform("linux")]
    private async Task WaitsForClientAsync(TestRegistry registry)
    {
        var outputs = ((DirectTransport)registry.Host.Transport).Outputs;
        await Eventually.TrueAsync(() => outputs.Waiting.Count == 1, "the connection waits for its client");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(outputs.Waiting);
    }

    // Returns when the answer has left the registry; most of it is in the socket.
    private static async Task<WireClient> BeginToPullAsync(TestRegistry registry, WireKind wire, string headers = "", bool closesSending = false)
    {
        await registry.Client.PushBlobAsync("t", Kept);

        // Its idle connections would end when it looks after them, many seconds later.
        registry.Client.Dispose();
        var client = await WireClient.ConnectAsync(registry, wire, receiveBuffer: SmallBuffer);
        await client.RequestAsync("GET", $"/v2/t/blobs/{Kept.Digest}", headers: headers);
        if (closesSending)
        {
            client.EndSending();
        }

        await Eventually.HoldsAsync(
            () => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message.StartsWith($"GET /v2/t/blobs/{Kept.Digest}", StringComparison.Ordinal))),
            "the answer is sent");
        return client;
    }

    private Task<TestRegistry> StartPatientAsync(WireKind wire) => TestRegistry.StartAsync(
        options =>
        {
            options = options with { Limits = new ConnectionTimes { Drain = TimeSpan.FromMinutes(10) }, Http2Port = wire == WireKind.Http2 ? 0 : null };
            return wire is WireKind.Tls or WireKind.Http2OverTls ? _tls.Configure(options) : options;
        },
        time: _time);

    private static async Task<TestRegistry> StartAsync(TransportKind transport, ConnectionTimes? limits = null)
    {
        var registry = await TestRegistry.StartAsync(options => options with { Transport = transport, Limits = limits ?? new() });
        await registry.Client.PushBlobAsync("t", Huge);
        return registry;
    }

    // Returns while the stop is in progress: no new connection is accepted.
    private static async Task<Task> BeginToStopAsync(TestRegistry registry)
    {
        var address = new Uri(registry.Host.Addresses[0]);
        var stop = registry.Host.DisposeAsync().AsTask();
        await Eventually.HoldsAsync(
            async () =>
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    await socket.ConnectAsync(address.Host, address.Port);
                    return false;
                }
                catch (SocketException)
                {
                    return true;
                }
            },
            "nobody listens");
        return stop;
    }
}
