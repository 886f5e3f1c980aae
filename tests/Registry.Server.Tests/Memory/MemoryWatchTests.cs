using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Hosting.Kestrel;
using Registry.Server.Memory;
using Registry.Server.Transport;

namespace Registry.Server.Tests.Memory;

/// <summary>What the registry does when the process comes close to the memory that it may use.</summary>
public sealed class MemoryWatchTests : IDisposable
{
    private const long MiB = 1024 * 1024;
    private const int Heads = 1500;

    // A process of 256 MiB.
    private static readonly ProcessMemoryLimits Limits = new(256 * MiB, 256 * MiB * ProcessMemoryLimits.HeapPercent / 100);
    private static readonly MemoryUse Calm = new(100 * MiB, 50 * MiB, MiB);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ConnectionLimit _connections;
    private readonly BlockPool _pool = new(64 * MiB);
    private readonly TemporaryFolder _folder = new();
    private readonly MemoryWatch _watch;
    private MemoryUse _use = Calm;
    private MemoryUse _afterwards = Calm;
    private int _collected;
    private int _reclaimed;

    public MemoryWatchTests()
    {
        var transport = KestrelFactory.CreateTransport(
            new RegistryOptions { Transport = TransportKind.Kestrel }, _pool, Task.Run, Transport.Samples.Unsent(), TimeProvider.System, NullLoggerFactory.Instance);
        _connections = new ConnectionLimit(transport, 1000, TimeProvider.System, NullLogger<ConnectionLimit>.Instance);
        _watch = new MemoryWatch(Limits, () => _use, Collect, Reclaim, _connections, _time, NullLogger<MemoryWatch>.Instance);
    }

    public void Dispose()
    {
        _watch.Dispose();
        _pool.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Nothing_happens_while_there_is_memory()
    {
        _watch.Check();

        Assert.Equal((0, 1000), (_reclaimed, _connections.Places));
    }

    [Fact]
    public void Free_memory_is_returned_before_connections_are_closed()
    {
        _use = Calm with { Resident = 250 * MiB };
        _watch.Check();
        Assert.Equal((1, 1000), (_reclaimed, _connections.Places));

        // Not again at once: it stops the process for a moment.
        _use = Calm with { Resident = 210 * MiB };
        _watch.Check();
        Assert.Equal(1, _reclaimed);
        _time.Advance(TimeSpan.FromSeconds(10));
        _watch.Check();
        Assert.Equal((2, 1000), (_reclaimed, _connections.Places));
    }

    [Theory]
    [InlineData(230, 50, 1)]
    [InlineData(100, 110, 1)]
    [InlineData(100, 50, 40)]
    public void Fewer_connections_are_admitted_while_memory_is_short_and_more_afterwards(long resident, long heap, long blocks)
    {
        _use = _afterwards = new MemoryUse(resident * MiB, heap * MiB, blocks * MiB);
        _watch.Check();
        var places = _connections.Places;
        Assert.InRange(places, 1, 999);

        _use = _afterwards = Calm;
        _time.Advance(TimeSpan.FromSeconds(1));
        _watch.Check();
        Assert.InRange(_connections.Places, places + 1, 999);
        for (var i = 0; i < 32; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            _watch.Check();
        }

        Assert.Equal(1000, _connections.Places);
    }

    [Fact]
    public void Garbage_is_collected_before_the_heap_counts_as_full()
    {
        _use = Calm with { Heap = 150 * MiB };
        _watch.Check();

        Assert.Equal((1, 1000), (_collected, _connections.Places));
    }

    [Fact]
    public void A_heap_that_stays_full_is_collected_again_when_enough_was_allocated()
    {
        _use = _afterwards = Calm with { Heap = 130 * MiB };
        _watch.Check();
        var places = _connections.Places;
        Assert.InRange(places, 1, 999);

        _use = Calm with { Heap = 132 * MiB };
        _watch.Check();
        Assert.Equal(1, _collected);
        _use = _afterwards = Calm with { Heap = 140 * MiB };
        _watch.Check();
        Assert.Equal(2, _collected);
    }

    [Fact]
    public async Task A_server_with_little_memory_survives_more_unfinished_heads_than_fit()
    {
        await using var registry = await RegistryProcess.StartAsync(_folder.Path, new Dictionary<string, string?>
        {
            [RegistryProcess.HeapLimitVariable] = RegistryProcess.HeapLimit(128 * MiB),
        });
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        var crowd = new List<RawConnection>();
        try
        {
            for (var i = 0; i < Heads; i++)
            {
                var connection = await RawConnection.OpenAsync(registry.BaseAddress, IPAddress.Parse("127.0.0.2"));
                crowd.Add(connection);
                await SendHeadAsync(connection);
            }
        }
        finally
        {
            crowd.ForEach(connection => connection.Dispose());
        }

        await client.PushAsync("held", TestImage.Create(), "latest");
        Assert.False(registry.HasExited);
    }

    // 60 KiB of fields, without the end of the head; as text in the heap, twice as much.
    private static async Task SendHeadAsync(RawConnection connection)
    {
        try
        {
            await connection.SendAsync(
                $"GET /v2/ HTTP/1.1\r\nHost: registry\r\n{string.Concat(Enumerable.Range(0, 15).Select(i => $"X-{i}: {new string('a', 4000)}\r\n"))}");
        }
        catch (IOException)
        {
            // It was closed for lack of memory.
        }
    }

    private void Collect()
    {
        _collected++;
        _use = _afterwards;
    }

    private void Reclaim()
    {
        _reclaimed++;
        _use = _afterwards;
    }
}
