using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Hosting.Kestrel;
using Registry.Server.Memory;
using Registry.Server.Transport;
using Registry.Server.Transport.Buffers;

namespace Registry.Server.Tests.Memory;

/// <summary>What the registry does when the process comes close to the memory that it may use.</summary>
public sealed class MemoryWatchTests : IDisposable
{
    private const long MiB = 1024 * 1024;

    // A process of 256 MiB.
    private static readonly ProcessMemoryLimits Limits = new(256 * MiB, 256 * MiB * ProcessMemoryLimits.HeapPercent / 100, 256 * MiB);
    private static readonly MemoryUse Calm = new(100 * MiB, 50 * MiB, MiB);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RecordedLog _log = new();
    private readonly ILoggerFactory _loggers;
    private readonly ConnectionLimit _connections;
    private readonly BlockPool _pool = new(64 * MiB);
    private readonly MemoryWatch _watch;
    private MemoryUse _use = Calm;
    private MemoryUse _afterwards = Calm;
    private MemoryUse? _afterRelease;
    private TimeSpan _collectionTime;
    private TimeSpan _collectionWork;
    private TimeSpan _processorTime;
    private int _released;
    private int _collected;
    private int _reclaimed;

    public MemoryWatchTests()
    {
        _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));
        var transport = KestrelFactory.CreateTransport(
            new RegistryOptions { Transport = TransportKind.Kestrel }, _pool, Task.Run, Transport.Fixtures.Samples.Unsent(), TimeProvider.System, NullLoggerFactory.Instance);
        _connections = new ConnectionLimit(transport, 1000, TimeProvider.System, NullLogger<ConnectionLimit>.Instance);
        _watch = new MemoryWatch(Limits, () => _use, new MemoryActions(Release, Collect, Reclaim), _connections, () => _processorTime, _time, _loggers.CreateLogger<MemoryWatch>());
    }

    public void Dispose()
    {
        _watch.Dispose();
        _loggers.Dispose();
        _pool.Dispose();
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
        _time.Advance(TimeSpan.FromSeconds(30));
        _watch.Check();
        Assert.Equal((2, 1000), (_reclaimed, _connections.Places));
    }

    [Fact]
    public void What_is_free_outside_of_the_heap_is_returned_first_without_a_pause()
    {
        _use = Calm with { Resident = 230 * MiB };
        _afterRelease = Calm with { Resident = 200 * MiB };
        _watch.Check();

        Assert.Equal((1, 0, 1000), (_released, _reclaimed, _connections.Places));
    }

    [Fact]
    public void A_reclaim_that_gains_nothing_is_repeated_ever_more_rarely_until_the_process_has_grown()
    {
        _use = _afterwards = Calm with { Resident = 215 * MiB };
        PassSeconds(3600);
        Assert.InRange(_reclaimed, 3, 9);
        Assert.Equal(1000, _connections.Places);
        Assert.InRange(LinesWith("nearly used up"), 3, 9);

        var before = _reclaimed;
        _use = _afterwards = Calm with { Resident = 220 * MiB };
        _watch.Check();
        Assert.Equal(before + 1, _reclaimed);
    }

    [Fact]
    public void Connections_are_closed_again_when_the_process_stays_full_although_reclaims_gain_nothing()
    {
        _use = _afterwards = Calm with { Resident = 215 * MiB };
        PassSeconds(3600);

        _use = _afterwards = Calm with { Resident = 230 * MiB };
        _watch.Check();
        Assert.InRange(_connections.Places, 1, 999);
    }

    [Fact]
    public void The_number_of_connections_grows_again_although_memory_is_nearly_used_up()
    {
        _use = _afterwards = Calm with { Resident = 230 * MiB };
        _watch.Check();
        var places = _connections.Places;
        Assert.InRange(places, 1, 999);

        _use = _afterwards = Calm with { Resident = 215 * MiB };
        PassSeconds(9);
        Assert.Equal(places, _connections.Places);
        PassSeconds(60);
        Assert.InRange(_connections.Places, places + 1, 999);
        Assert.InRange(LinesWith("instead of 1000 connections are admitted"), 1, 2);
        PassSeconds(600);
        Assert.Equal(1000, _connections.Places);
        Assert.Equal(1, LinesWith("all 1000 connections are admitted"));
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
    public void Collections_that_can_wait_take_a_hundredth_of_the_time()
    {
        _collectionTime = TimeSpan.FromMilliseconds(200);
        _afterwards = Calm with { Heap = 100 * MiB };
        for (var i = 0; i < 6000; i++)
        {
            // There is room for more garbage.
            _use = Calm with { Heap = 113 * MiB };
            _watch.Check();
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange(_collected, 2, 4);
        Assert.Equal(1000, _connections.Places);
    }

    [Fact]
    public void A_collection_that_waits_for_a_processor_does_not_make_the_heap_full()
    {
        _collectionTime = TimeSpan.FromMilliseconds(500);
        _collectionWork = TimeSpan.FromMilliseconds(20);
        _afterwards = Calm with { Heap = 100 * MiB };
        for (var i = 1; i <= 3; i++)
        {
            _use = Calm with { Heap = 140 * MiB };
            _watch.Check();
            Assert.Equal((i, 1000), (_collected, _connections.Places));
            _time.Advance(TimeSpan.FromMilliseconds(1000));
        }
    }

    [Fact]
    public void Connections_are_closed_when_memory_is_taken_faster_than_collections_return_it()
    {
        _collectionTime = _collectionWork = TimeSpan.FromMilliseconds(200);
        _afterwards = Calm with { Heap = 100 * MiB };
        _use = Calm with { Heap = 140 * MiB };
        _watch.Check();
        Assert.Equal((1, 1000), (_collected, _connections.Places));

        _time.Advance(TimeSpan.FromMilliseconds(100));
        _use = Calm with { Heap = 140 * MiB };
        _watch.Check();
        Assert.Equal(2, _collected);
        Assert.InRange(_connections.Places, 1, 999);
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
    public void The_resident_memory_is_read_from_a_file_that_stays_open()
    {
        Assert.InRange(ResidentMemory.Read(), Environment.WorkingSet / 2, 2 * Environment.WorkingSet);
        Assert.Contains(Directory.GetFiles("/proc/self/fd"), file => new FileInfo(file).LinkTarget?.EndsWith("/statm", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void The_memory_of_sockets_counts_against_the_limit_of_the_control_group()
    {
        _use = _afterwards = Calm with { Resident = 150 * MiB, Sockets = 80 * MiB };
        _watch.Check();

        Assert.InRange(_connections.Places, 1, 999);
        Assert.Equal(1, LinesWith("the process takes 230 of 256 MiB although what was free has been returned (heap 50 MiB, buffers 1 MiB, sockets 80 MiB)"));
    }

    [Fact]
    public void Connections_are_closed_when_sockets_grow_after_a_reclaim_that_gained_nothing()
    {
        _use = _afterwards = Calm with { Resident = 150 * MiB, Sockets = 60 * MiB };
        _watch.Check();
        Assert.Equal((1, 1000), (_reclaimed, _connections.Places));

        _time.Advance(TimeSpan.FromSeconds(2));
        _use = _afterwards = Calm with { Resident = 150 * MiB, Sockets = 80 * MiB };
        _watch.Check();
        Assert.Equal(1, _reclaimed);
        Assert.InRange(_connections.Places, 1, 999);
    }

    [Fact]
    public void Sockets_that_shrink_during_a_reclaim_are_not_its_gain()
    {
        _afterwards = Calm with { Resident = 150 * MiB, Sockets = 40 * MiB };
        for (var i = 0; i < 3600; i++)
        {
            _use = Calm with { Resident = 150 * MiB, Sockets = 60 * MiB };
            _time.Advance(TimeSpan.FromSeconds(1));
            _watch.Check();
        }

        Assert.InRange(_reclaimed, 3, 9);
        Assert.Equal(1000, _connections.Places);
    }

    [Theory]
    [InlineData(256, 150, 60, true, false)]
    [InlineData(256, 150, 80, true, true)]
    [InlineData(64_000, 150, 50_000, false, false)] // A small heap in a large group.
    [InlineData(64_000, 150, 57_000, true, true)]
    [InlineData(64_000, 230, 0, true, true)]
    public void Sockets_have_the_limit_of_the_control_group_not_that_of_the_heap(long available, long resident, long sockets, bool isNear, bool isFull)
    {
        var limits = ProcessMemoryLimits.Of(available * MiB, Limits.WholeHeap);
        var use = Calm with { Resident = resident * MiB, Sockets = sockets * MiB };

        Assert.Equal((isNear, isFull), (limits.IsNear(use), limits.IsFull(use)));
    }

    [Theory]
    [InlineData(256, 153.6, 256)] // A control group.
    [InlineData(64_000, 153.6, 256)] // The same heap on a large machine.
    [InlineData(64_000, 64, 164)]
    [InlineData(128, 64, 128)]
    public void A_limit_of_the_heap_limits_the_process(double available, double heap, double process) =>
        Assert.Equal(process, ProcessMemoryLimits.Of((long)(available * MiB), (long)(heap * MiB)).Process / (double)MiB, tolerance: 0.1);

    private void PassSeconds(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            _watch.Check();
        }
    }

    private int LinesWith(string text) => _log.Entries.Count(entry => entry.Message.Contains(text, StringComparison.Ordinal));

    private void Release()
    {
        _released++;
        _use = _afterRelease ?? _use;
    }

    private void Collect()
    {
        _collected++;
        _time.Advance(_collectionTime);
        _processorTime += _collectionWork;
        _use = _afterwards;
    }

    private void Reclaim()
    {
        _reclaimed++;
        _use = _afterwards;
    }
}
