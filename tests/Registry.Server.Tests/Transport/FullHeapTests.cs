using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Configuration;
using Registry.Server.Hosting.Kestrel;
using Registry.Server.Tests.Transport.Fixtures;
using Registry.Server.Transport;
using Registry.Server.Transport.Buffers;

namespace Registry.Server.Tests.Transport;

/// <summary>Connections for which the heap has no room at some moment: their sockets and places are free again.</summary>
[SupportedOSPlatform("linux")]
public sealed class FullHeapTests : IDisposable
{
    private readonly BlockPool _pool = new(64 * 1024 * 1024);
    private readonly FullHeapClock _time = new();
    private readonly DirectTransport _transport;

    public FullHeapTests() => _transport =
        (DirectTransport)KestrelFactory.CreateTransport(new RegistryOptions(), _pool, Task.Run, Samples.Unsent(), _time, NullLoggerFactory.Instance);

    public void Dispose()
    {
        _transport.Dispose();
        _pool.Dispose();
    }

    [Fact]
    public async Task A_connection_that_cannot_be_admitted_is_closed()
    {
        var limit = new ConnectionLimit(_transport, 1, _time, new FullHeapLog());
        await using var listener = await limit.BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
        var address = new Uri($"http://{listener.EndPoint}");
        using var first = await RawConnection.OpenAsync(address);
        var admitted = await listener.AcceptAsync();

        // The first one that finds no place is reported.
        var next = listener.AcceptAsync().AsTask();
        try
        {
            using var second = await RawConnection.OpenAsync(address);
            Assert.True(await second.IsClosedAsync().WaitAsync(Patience.Limit));
        }
        catch (SocketException)
        {
            // The reset was fast.
        }

        await Eventually.HoldsAsync(() => Task.FromResult(_transport.Connections == 1), "the connection is gone");
        Assert.False(next.IsCompleted);
        await admitted!.DisposeAsync();
    }

    [Fact]
    public async Task A_connection_that_cannot_wait_for_its_peer_ends_at_once()
    {
        await using var listener = await _transport.BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
        using var client = await RawConnection.OpenAsync(new Uri($"http://{listener.EndPoint}"));
        var connection = (await listener.AcceptAsync())!;
        await client.SendAsync("GET ");
        await connection.Transport.Input.ReadAsync();
        _time.IsFull = true;

        await connection.DisposeAsync();

        Assert.Equal(0, _transport.Connections);
        Assert.True(await client.IsClosedAsync().WaitAsync(Patience.Limit));
    }

    private sealed class FullHeapClock : TimeProvider
    {
        public bool IsFull { get; set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            IsFull ? throw new InsufficientMemoryException() : base.CreateTimer(callback, state, dueTime, period);
    }

    private sealed class FullHeapLog : ILogger<ConnectionLimit>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new InsufficientMemoryException();
    }
}
