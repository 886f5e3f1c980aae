using Microsoft.Extensions.Logging;
using Registry.Server.Telemetry.Logs;
using Registry.Server.Transport;

namespace Registry.Server.Memory;

/// <summary>
/// Keeps the process below the memory that it may use, whatever takes it: budgets bound what the registry knows of, but not what the runtime, OpenSSL and
/// SQLite make of it. Near the limit, first returns to the system what is free, then closes connections of the networks with most, and admits fewer until
/// memory is there again. A full heap would end the process (the runtime itself cannot continue without memory), and so would the kernel at the limit of a
/// control group.
/// </summary>
/// <remarks>It has a thread of its own, because the pool's are busy or waiting when it is needed most.</remarks>
internal sealed partial class MemoryWatch : IDisposable
{
    private const long MiB = 1024 * 1024;

    // Parts of the connections. What is closed returns its memory a moment later, and a full heap ends the process.
    private const double Kept = 0.75;
    private const double KeptWhenHeapIsFull = 0.5;

    // Parts of the limits that are worth the pause of a collection.
    private const int PartOfHeap = 16;
    private const int PartOfProcess = 64;

    // A collection stops the process for up to a few hundred milliseconds. One that can wait takes a hundredth of the time, so that the 99th percentile of the
    // honest clients does not see it; when more than a tenth is not enough, memory is taken faster than collections return it. That is a tenth of processor
    // time: on a busy machine, a collection lasts long because it waits for a processor, and so do the clients that take memory.
    private const int UsualPause = 100;
    private const int ShortestPause = 10;

    // Hostile clients on a fast network take some 10 MiB in the shorter time.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan IntervalWhenNear = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan BetweenCollections = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenReclaims = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenReclaimsWhenShort = TimeSpan.FromSeconds(2);

    // Closed connections return their blocks within this time.
    private static readonly TimeSpan BetweenSheds = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan BetweenRecoveries = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenRecoveriesWhenNear = TimeSpan.FromSeconds(10);

    private readonly ProcessMemoryLimits _limits;
    private readonly Func<MemoryUse> _read;
    private readonly MemoryActions _actions;
    private readonly ConnectionLimit _connections;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly PressurePace _collections;
    private readonly PressurePace _reclaims;
    private readonly WarningInterval _warned;
    private readonly WarningInterval _warnedOfUse;
    private readonly WarningInterval _failed;
    private readonly ManualResetEventSlim _stopping = new();
    private readonly Thread _thread;
    private long _changedAt;
    private long _fullAt;
    private bool _isWarned;

    /// <param name="limits">What may be used.</param>
    /// <param name="read">Reads what is used.</param>
    /// <param name="actions">Ways to return memory.</param>
    /// <param name="connections">Connections that are closed when memory is short.</param>
    /// <param name="readProcessorTime">Reads the processor time of the process.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public MemoryWatch(
        ProcessMemoryLimits limits,
        Func<MemoryUse> read,
        MemoryActions actions,
        ConnectionLimit connections,
        Func<TimeSpan> readProcessorTime,
        TimeProvider time,
        ILogger<MemoryWatch> logger)
    {
        _limits = limits;
        _read = read;
        _actions = actions;
        _connections = connections;
        _time = time;
        _logger = logger;
        _collections = new PressurePace(limits.Heap / PartOfHeap, readProcessorTime, time);
        _reclaims = new PressurePace(limits.Process / PartOfProcess, readProcessorTime, time);
        _warned = new WarningInterval(time);
        _warnedOfUse = new WarningInterval(time);
        _failed = new WarningInterval(time);
        _thread = new Thread(Work) { IsBackground = true, Name = "memory watch" };
    }

    /// <summary>Begins to check.</summary>
    public void Start() => _thread.Start();

    public void Dispose()
    {
        _stopping.Set();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _stopping.Dispose();
    }

    /// <summary>Checks once.</summary>
    /// <returns>True when a limit is near.</returns>
    internal bool Check()
    {
        var use = _read();
        var isHeapFull = IsHeapFull(ref use);
        if (isHeapFull
            || (use.Blocks > _limits.Blocks && IsDue(_changedAt, BetweenSheds))
            || IsProcessFull(ref use))
        {
            _changedAt = _time.GetTimestamp();
            Shed(use, isHeapFull ? KeptWhenHeapIsFull : Kept);
        }
        else if (_changedAt != 0 && _connections.Places < _connections.Limit)
        {
            Recover(use);
        }

        return use.Heap > _limits.Heap / 2 || use.Blocks > _limits.Blocks / 2;
    }

    // Only a collection tells objects from garbage. While there is room for garbage, it can wait.
    private bool IsHeapFull(ref MemoryUse use)
    {
        if (use.Heap <= _limits.Heap)
        {
            return false;
        }

        var isUrgent = use.Heap > _limits.HeapWithGarbage;
        var usual = _collections.Lasted * UsualPause;
        var soonest = isUrgent || usual < BetweenCollections ? BetweenCollections : usual;
        if (!_collections.IsDue(use.Heap, soonest) && !(isUrgent && _collections.HasRisen(use.Heap)))
        {
            return false;
        }

        var isTooOften = _collections.IsWithin(_collections.Worked * ShortestPause);
        _collections.Run(_actions.Collect, use.Heap, () => _read().Heap);
        use = _read();
        return isTooOften || use.Heap > _limits.Heap;
    }

    private bool IsProcessFull(ref MemoryUse use)
    {
        if (!_limits.IsNear(use))
        {
            return false;
        }

        var isFull = _limits.IsFull(use);
        if (_reclaims.IsWithin(isFull ? BetweenReclaimsWhenShort : BetweenReclaims) || (isFull && !IsDue(_fullAt, BetweenReclaimsWhenShort)))
        {
            return false;
        }

        // Buffers of sockets neither shrink with a collection, nor make one worth its pause.
        if (_reclaims.IsDue(use.Resident, TimeSpan.Zero))
        {
            _reclaims.Run(Reclaim, use.Resident, () => _read().Resident);
            use = _read();
            if (_limits.IsNear(use) && _warnedOfUse.TryBegin())
            {
                var (used, limit, shed) = _limits.Nearest(use);
                LogNear(used / MiB, limit / MiB, use.Heap / MiB, use.Blocks / MiB, use.Sockets / MiB, shed / MiB);
            }

            isFull = _limits.IsFull(use);
        }

        if (isFull)
        {
            _fullAt = _time.GetTimestamp();
        }

        return isFull;
    }

    // What needs no pause comes first, and often suffices.
    private void Reclaim()
    {
        _actions.Release();
        if (_limits.IsNear(_read()))
        {
            _actions.Reclaim();
        }
    }

    private bool IsDue(long since, TimeSpan after) => since == 0 || _time.GetElapsedTime(since) >= after;

    private void Shed(MemoryUse use, double kept)
    {
        var closed = _connections.Shed(kept);
        if (closed == 0)
        {
            return;
        }

        // What they held can be collected soon.
        _collections.Forget();
        _reclaims.Forget();
        if (_warned.TryBegin())
        {
            _isWarned = true;
            var (used, limit, _) = _limits.Nearest(use);
            LogShort(used / MiB, limit / MiB, use.Heap / MiB, _limits.WholeHeap / MiB, use.Blocks / MiB, use.Sockets / MiB, closed);
        }
    }

    // Near the limit more slowly: each step may be the one that makes it necessary to close connections again.
    private void Recover(MemoryUse use)
    {
        if (use.Heap <= _limits.Heap && use.Blocks <= _limits.Blocks && !_limits.IsFull(use)
            && IsDue(_changedAt, _limits.IsNear(use) ? BetweenRecoveriesWhenNear : BetweenRecoveries))
        {
            _changedAt = _time.GetTimestamp();
            _connections.Recover();
        }

        if (_connections.Places == _connections.Limit)
        {
            if (_isWarned)
            {
                _isWarned = false;
                LogRecovered(_connections.Limit);
            }
        }
        else if (_warned.TryBegin())
        {
            _isWarned = true;
            var (used, limit, _) = _limits.Nearest(use);
            LogFewer(
                _connections.Places, _connections.Limit, used / MiB, limit / MiB, use.Heap / MiB, _limits.WholeHeap / MiB, use.Blocks / MiB, use.Sockets / MiB);
        }
    }

    private void Work()
    {
        for (var interval = Interval; !_stopping.Wait(interval);)
        {
            try
            {
                interval = Check() ? IntervalWhenNear : Interval;
            }
            catch (OutOfMemoryException)
            {
                // The next check follows at once.
            }
            catch (Exception e)
            {
                // Without a check, the process ends at the limit, so the thread goes on.
                if (_failed.TryBegin())
                {
                    LogFailed(e);
                }
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning,
        "Memory is short (process {Process} of {MaxProcess} MiB, heap {Heap} of {MaxHeap} MiB, buffers {Blocks} MiB, sockets {Sockets} MiB): {Closed} connections of the networks with most were closed, "
        + "and fewer are admitted until there is memory again. If the clients are honest, give the process more memory; otherwise lower REGISTRY_MAX_CONNECTIONS. Repeated once a minute at most")]
    private partial void LogShort(long process, long maxProcess, long heap, long maxHeap, long blocks, long sockets, int closed);

    [LoggerMessage(2, LogLevel.Error, "The memory of the process cannot be checked. Checks go on; under attack, the process may reach its limit and end. Repeated once a minute at most")]
    private partial void LogFailed(Exception error);

    [LoggerMessage(3, LogLevel.Warning,
        "Memory has been short: {Places} instead of {Limit} connections are admitted (process {Process} of {MaxProcess} MiB, heap {Heap} of {MaxHeap} MiB, buffers {Blocks} MiB, sockets {Sockets} MiB). "
        + "The number grows while there is memory. If it does not, give the process more memory. Repeated once a minute at most")]
    private partial void LogFewer(long places, long limit, long process, long maxProcess, long heap, long maxHeap, long blocks, long sockets);

    [LoggerMessage(4, LogLevel.Information, "There is memory again: all {Limit} connections are admitted")]
    private partial void LogRecovered(long limit);

    [LoggerMessage(5, LogLevel.Warning,
        "Memory is nearly used up: the process takes {Process} of {MaxProcess} MiB although what was free has been returned (heap {Heap} MiB, buffers {Blocks} MiB, sockets {Sockets} MiB). From {Shed} MiB on, "
        + "connections are closed. If the clients are honest, give the process more memory; otherwise lower REGISTRY_MAX_CONNECTIONS. Repeated once a minute at most")]
    private partial void LogNear(long process, long maxProcess, long heap, long blocks, long sockets, long shed);
}
