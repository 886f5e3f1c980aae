using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Transport.Fixtures;
using static Registry.Server.Tests.Transport.Fixtures.Turns;

namespace Registry.Server.Tests.Transport;

/// <summary>Slow clients, on both transports, with shortened limits. Kestrel checks them once a second.</summary>
public sealed class TimeLimitTests
{
    private const double BytesPerSecond = 1024 * 1024;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    // More than what both sockets hold and the rate allows for.
    private static readonly TestBlob Huge = Samples.Make("timed", 64 * 1024 * 1024);
    private static readonly TestBlob Body = Samples.Make("slow", 100_000);

    [Theory]
    [InlineData(TransportKind.Kestrel)]
    [InlineData(TransportKind.Direct)]
    public async Task Headers_that_do_not_come_in_time_are_408(TransportKind transport)
    {
        await using var registry = await StartAsync(transport, new() { Headers = TimeSpan.FromSeconds(1) });
        using var wire = await Wire.OpenAsync(registry);

        await Send("GET /v2/ HTTP/1.1\r\nHost: r\r\nX:")(wire);

        await Answer("408 close")(wire);
        await IsClosed(wire);
    }

    [Theory]
    [InlineData(TransportKind.Kestrel)]
    [InlineData(TransportKind.Direct)]
    public async Task An_idle_connection_is_closed(TransportKind transport)
    {
        await using var registry = await StartAsync(transport, new() { KeepAlive = TimeSpan.FromSeconds(2) });
        using var used = await Wire.OpenAsync(registry);
        await Send(Request("GET", "/v2/"))(used);
        await Answer("200 {}")(used);
        using var fresh = await Wire.OpenAsync(registry);

        await IsClosed(used);
        await IsClosed(fresh);
    }

    [Theory]
    [InlineData(TransportKind.Kestrel)]
    [InlineData(TransportKind.Direct)]
    public async Task A_body_that_stands_still_is_408(TransportKind transport)
    {
        await using var registry = await StartAsync(transport, Rates);
        using var wire = await Wire.OpenAsync(registry);

        await Send(Exchanges.Bodies.Post(Body), Body.Bytes[..5000])(wire);

        await Answer("408 close SIZE_INVALID")(wire);
        await IsOver(wire);
    }

    [Theory]
    [InlineData(TransportKind.Kestrel)]
    [InlineData(TransportKind.Direct)]
    public async Task An_unread_answer_is_cut_off(TransportKind transport)
    {
        await using var registry = await StartAsync(transport, Rates);
        await registry.Client.PushBlobAsync("t", Huge);
        using var wire = await Wire.OpenAsync(registry, receiveBuffer: 64 * 1024);

        await Send(Get(Huge))(wire);

        // What the sockets take at once counts as read: some MiB, hence some seconds.
        await Eventually.HoldsAsync(
            () => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message.Contains("the client has gone away", StringComparison.Ordinal))),
            "the registry gives up");
        Assert.InRange((await wire.ReceiveRestAsync()).Bytes.Length, 1, Huge.Bytes.Length - 1);
        await Reconnect(wire);
        await StaysOpen(wire);
    }

    [Theory]
    [InlineData(TransportKind.Kestrel)]
    [InlineData(TransportKind.Direct)]
    public async Task A_reader_that_is_slow_but_faster_than_the_least_rate_gets_everything(TransportKind transport)
    {
        await using var registry = await StartAsync(transport, Rates with { MinBytesPerSecond = 16 * 1024 });
        await registry.Client.PushBlobAsync("t", Samples.Larger);
        using var wire = await Wire.OpenAsync(registry, receiveBuffer: 16 * 1024);
        var started = TimeProvider.System.GetTimestamp();

        await Send(Get(Samples.Larger, "Range: bytes=0-3999999", "Connection: close"))(wire);
        var (bytes, end) = await wire.ReceiveRestAsync(between: () => Task.Delay(10));

        Assert.Equal("closed", end);
        Assert.True(TimeProvider.System.GetElapsedTime(started) > Grace, "The reader was too fast to show anything.");
        Assert.True(bytes.AsSpan().EndsWith(Samples.Larger.Bytes.AsSpan(0, 4_000_000)));
    }

    private static ConnectionTimes Rates => new() { MinBytesPerSecond = BytesPerSecond, SlowGrace = Grace };

    private static Task<TestRegistry> StartAsync(TransportKind transport, ConnectionTimes limits) =>
        TestRegistry.StartAsync(options => options with { Transport = transport, Limits = limits, IdleTimeout = Grace });
}
