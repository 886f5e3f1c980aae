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
    private const long PartUntilNextCollection = 16;

    // Parts of the connections. What is closed returns its memory a moment later, and a full heap ends the process.
    private const double Kept = 0.75;
    private const double KeptWhenHeapIsFull = 0.5;

    // Hostile clients on a fast network take some 10 MiB in the shorter time.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan IntervalWhenNear = TimeSpan.FromMilliseconds(10);

    // A reclaim stops the process for up to a few hundred milliseconds.
    private static readonly TimeSpan BetweenReclaims = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenReclaimsWhenShort = TimeSpan.FromSeconds(2);

    // Closed connections return their blocks within this time.
    private static readonly TimeSpan BetweenSheds = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan BetweenRecoveries = TimeSpan.FromSeconds(1);

    private readonly ProcessMemoryLimits _limits;
    private readonly Func<MemoryUse> _read;
    private readonly Action _collect;
    private readonly Action _reclaim;
    private readonly ConnectionLimit _connections;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WarningInterval _warned;
    private readonly WarningInterval _failed;
    private readonly ManualResetEventSlim _stopping = new();
    private readonly Thread _thread;
    private long _reclaimedAt;
    private long _changedAt;
    private long _live;

    /// <param name="limits">What may be used.</param>
    /// <param name="read">Reads what is used.</param>
    /// <param name="collect">Collects all garbage.</param>
    /// <param name="reclaim">Returns to the system what is free.</param>
    /// <param name="connections">Connections that are closed when memory is short.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public MemoryWatch(
        ProcessMemoryLimits limits, Func<MemoryUse> read, Action collect, Action reclaim, ConnectionLimit connections, TimeProvider time, ILogger<MemoryWatch> logger)
    {
        _limits = limits;
        _read = read;
        _collect = collect;
        _reclaim = reclaim;
        _connections = connections;
        _time = time;
        _logger = logger;
        _warned = new WarningInterval(time);
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
        else if (_changedAt != 0 && _connections.Places < _connections.Limit && use.Resident <= _limits.Resident.Reclaim && IsDue(_changedAt, BetweenRecoveries))
        {
            _changedAt = _time.GetTimestamp();
            _connections.Recover();
        }

        return use.Heap > _limits.Heap / 2 || use.Blocks > _limits.Blocks / 2;
    }

    // Only a collection tells objects from garbage. While it lasts, nothing is allocated, and the next one is due when enough was allocated since.
    private bool IsHeapFull(ref MemoryUse use)
    {
        if (use.Heap <= _limits.Heap)
        {
            _live = 0;
            return false;
        }

        if (use.Heap - _live < _limits.Heap / PartUntilNextCollection)
        {
            return false;
        }

        _collect();
        use = _read();
        _live = use.Heap;
        return _live > _limits.Heap;
    }

    private bool IsProcessFull(ref MemoryUse use)
    {
        if (use.Resident <= _limits.Resident.Reclaim || !IsDue(_reclaimedAt, use.Resident > _limits.Resident.Shed ? BetweenReclaimsWhenShort : BetweenReclaims))
        {
            return false;
        }

        _reclaim();
        _reclaimedAt = _time.GetTimestamp();
        use = _read();
        return use.Resident > _limits.Resident.Shed;
    }

    private bool IsDue(long since, TimeSpan after) => since == 0 || _time.GetElapsedTime(since) >= after;

    private void Shed(MemoryUse use, double kept)
    {
        var closed = _connections.Shed(kept);
        if (closed > 0 && _warned.TryBegin())
        {
            LogShort(use.Resident / MiB, _limits.Process / MiB, use.Heap / MiB, _limits.WholeHeap / MiB, use.Blocks / MiB, closed);
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
        "Memory is short (process {Resident} of {MaxResident} MiB, heap {Heap} of {MaxHeap} MiB, buffers {Blocks} MiB): {Closed} connections of the networks with most were closed, "
        + "and fewer are admitted until there is memory again. If the clients are honest, give the process more memory; otherwise lower REGISTRY_MAX_CONNECTIONS. Repeated once a minute at most")]
    private partial void LogShort(long resident, long maxResident, long heap, long maxHeap, long blocks, int closed);

    [LoggerMessage(2, LogLevel.Error, "The memory of the process cannot be checked. Checks go on; under attack, the process may reach its limit and end. Repeated once a minute at most")]
    private partial void LogFailed(Exception error);
}
