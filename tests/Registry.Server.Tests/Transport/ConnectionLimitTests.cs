using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Hosting.Kestrel;
using Registry.Server.Memory;
using Registry.Server.Tests.Robustness;
using Registry.Server.Tests.Transport.Fixtures;
using Registry.Server.Transport;
using Registry.Server.Transport.Buffers;

namespace Registry.Server.Tests.Transport;

/// <summary>The limit of connections: shares of networks, and places that are free again. <see cref="LimitTests"/> has the limit itself.</summary>
public sealed class ConnectionLimitTests
{
    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task A_network_with_many_connections_does_not_keep_others_out(TransportKind transport)
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { MaxConnections = 3, Transport = transport });
        var crowd = new List<RawConnection>();
        try
        {
            for (var i = 0; i < 3; i++)
            {
                crowd.Add(await OpenAsync(registry, "127.0.0.2"));
                await GetAsync(crowd[i]);
            }

            using var single = await OpenAsync(registry, "127.0.0.3");
            await GetAsync(single);
            Assert.True(await crowd[2].IsClosedAsync());
            await GetAsync(crowd[0]);
            await GetAsync(crowd[1]);

            // Now both networks have their share.
            Assert.True(await RawConnection.IsRefusedAsync(registry, IPAddress.Parse("127.0.0.3")));
            await GetAsync(single);
            Assert.Contains(registry.Log.Entries, entry => entry.Message.StartsWith("All 3 connections", StringComparison.Ordinal));
        }
        finally
        {
            crowd.ForEach(connection => connection.Dispose());
        }
    }

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task When_memory_is_short_the_newest_connections_of_the_largest_network_end_and_fewer_are_admitted(TransportKind transport)
    {
        const int Crowd = 180;
        const int Left = 134;
        await using var registry = await TestRegistry.StartAsync(options => options with { MaxConnections = 200, Transport = transport });
        using var honest = await OpenAsync(registry, "127.0.0.3");
        await GetAsync(honest);
        var crowd = new List<RawConnection>();
        try
        {
            for (var i = 0; i < Crowd; i++)
            {
                crowd.Add(await OpenAsync(registry, "127.0.0.2"));
                await GetAsync(crowd[i]);
            }

            // A quarter of 181.
            Assert.Equal(Crowd - Left, registry.Host.Connections.Shed(kept: 0.75));
            Assert.Equal(Left + 1, registry.Host.Connections.Places);
            foreach (var closed in crowd.Skip(Left))
            {
                Assert.True(await closed.IsClosedAsync());
            }

            await GetAsync(honest);
            await GetAsync(crowd[Left - 1]);

            // The crowd gets no further place, and another network gets one of the crowd's.
            Assert.True(await RawConnection.IsRefusedAsync(registry, IPAddress.Parse("127.0.0.2")));
            using var other = await OpenAsync(registry, "127.0.0.4");
            await GetAsync(other);
            Assert.True(await crowd[Left - 1].IsClosedAsync());

            registry.Host.Connections.Recover();
            Assert.Equal(Left + 7, registry.Host.Connections.Places);
            using var admitted = await OpenAsync(registry, "127.0.0.2");
            await GetAsync(admitted);
            Assert.Equal(Crowd - Left, registry.Host.Connections.ShedTotal);
        }
        finally
        {
            crowd.ForEach(connection => connection.Dispose());
        }
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task A_connection_that_is_refused_holds_nothing_whatever_it_has_sent()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { MaxConnections = 2, Transport = TransportKind.Direct });
        var transport = (DirectTransport)registry.Host.Transport;
        using var first = await OpenAsync(registry, "127.0.0.2");
        await GetAsync(first);
        using var second = await OpenAsync(registry, "127.0.0.2");
        await GetAsync(second);
        for (var i = 0; i < 20; i++)
        {
            Assert.True(await RawConnection.IsRefusedAsync(registry, IPAddress.Parse("127.0.0.2"), "GET /v2/ HTTP/1.1\r\n"));
            Assert.InRange(transport.Connections, 0, 2);
        }

        await GetAsync(first);
        await GetAsync(second);
    }

    [Theory]
    [InlineData(256, 1228, 302)]
    [InlineData(512, 2457, 604)]
    [InlineData(4096, 19_660, 4839)]
    public void Connections_take_half_of_the_heap(int mebibytes, long plain, long http2)
    {
        var heap = mebibytes * 1024L * 1024 * ProcessMemoryLimits.HeapPercent / 100;

        Assert.Equal(plain, ConnectionLimit.Default(heap, hasHttp2: false));
        Assert.Equal(http2, ConnectionLimit.Default(heap, hasHttp2: true));
    }

    [Theory]
    [InlineData(3020, 20)]
    [InlineData(302, 20)]
    [InlineData(151, 57)]
    [InlineData(1, 100)]
    public void Connections_have_more_streams_when_there_may_be_fewer_of_them(long connections, int streams) =>
        Assert.Equal(streams, ConnectionLimit.Streams(256L * 1024 * 1024 * ProcessMemoryLimits.HeapPercent / 100, connections));

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task A_connection_leaves_its_place_when_its_socket_ends_even_if_its_processing_does_not(TransportKind transport)
    {
        using var pool = new BlockPool(64 * 1024 * 1024);
        var inner = KestrelFactory.CreateTransport(new RegistryOptions { Transport = transport }, pool, Task.Run, Samples.Unsent(), TimeProvider.System, NullLoggerFactory.Instance);
        var limit = new ConnectionLimit(inner, 1, TimeProvider.System, NullLogger<ConnectionLimit>.Instance);
        await using var listener = await limit.BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
        var address = new Uri($"http://{listener.EndPoint}");
        using var first = await RawConnection.OpenAsync(address);
        var processed = await listener.AcceptAsync();
        Assert.NotNull(processed);

        first.Reset();
        var next = listener.AcceptAsync().AsTask();
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    using var connection = await RawConnection.OpenAsync(address);
                }
                catch (SocketException)
                {
                    // The place is not free yet, and the reset was fast.
                }

                return next.IsCompleted;
            },
            "another connection has the place");
        await (await next)!.DisposeAsync();
        await processed.DisposeAsync();
    }

    private static Task<RawConnection> OpenAsync(TestRegistry registry, string from) =>
        RawConnection.OpenAsync(registry.Client.BaseAddress!, IPAddress.Parse(from));

    private static async Task GetAsync(RawConnection connection)
    {
        await connection.SendAsync("GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n");
        Check.Status(200, await connection.ReadAnswerAsync());
    }
}
