using System.Collections.Concurrent;

namespace Registry.Testing;

/// <summary>
/// History of concurrent writes (of distinct values) and reads of a register, with a check of its linearizability: P. B. Gibbons and
/// E. Korach, "Testing Shared Memories", SIAM J. Comput. 26 (1997), section 4.
/// </summary>
public sealed class RegisterHistory<T>
    where T : notnull
{
    private readonly ConcurrentQueue<Operation> _operations = new();
    private long _now;

    /// <param name="initial">Value before the first operation.</param>
    public RegisterHistory(T initial) => _operations.Enqueue(new Operation(initial, IsWrite: true, -2, -1));

    /// <summary>Number of operations, including the one that wrote the first value.</summary>
    public int Count => _operations.Count;

    /// <summary>Number of distinct values that were read, including the first one.</summary>
    public int ValuesRead => _operations.Where(operation => !operation.IsWrite).Select(operation => operation.Value).Distinct().Count();

    /// <summary>Writes a unique value, and records the time.</summary>
    public async Task WriteAsync(T value, Func<Task> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var begin = Interlocked.Increment(ref _now);
        await write();
        Add(value, isWrite: true, begin, Interlocked.Increment(ref _now));
    }

    /// <summary>Reads, and records the value and the time.</summary>
    public async Task ReadAsync(Func<Task<T>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        var begin = Interlocked.Increment(ref _now);
        var value = await read();
        Add(value, isWrite: false, begin, Interlocked.Increment(ref _now));
    }

    /// <summary>Records an operation with the times at which it began and ended.</summary>
    public void Add(T value, bool isWrite, long begin, long end) => _operations.Enqueue(new Operation(value, isWrite, begin, end));

    /// <summary>Returns why the history is not linearizable; null when it is.</summary>
    public string? FindViolation()
    {
        // The zone of a value: from the first end to the last beginning of its operations. If it runs forwards, the register must have held the
        // value throughout; if it runs backwards, at some moment within.
        var zones = new List<Zone>();
        foreach (var group in _operations.GroupBy(operation => operation.Value))
        {
            if (group.SingleOrDefault(operation => operation.IsWrite) is not { } write)
            {
                return $"{group.Key} was read and never written";
            }

            if (group.Any(operation => operation.End < write.Begin))
            {
                return $"{group.Key} was read before it was written";
            }

            zones.Add(new Zone(group.Key, group.Min(operation => operation.End), group.Max(operation => operation.Begin)));
        }

        var forward = zones.Where(zone => zone.FirstEnd < zone.LastBegin).OrderBy(zone => zone.FirstEnd).ToList();
        for (var i = 1; i < forward.Count; i++)
        {
            if (forward[i].FirstEnd < forward[i - 1].LastBegin)
            {
                return $"{forward[i - 1].Value} was there before and after {forward[i].Value}";
            }
        }

        foreach (var zone in zones.Where(zone => zone.FirstEnd >= zone.LastBegin))
        {
            if (forward.Find(other => other.FirstEnd < zone.LastBegin && zone.FirstEnd < other.LastBegin) is { } around)
            {
                return $"{zone.Value} came and went while {around.Value} was there";
            }
        }

        return null;
    }

    private sealed record Operation(T Value, bool IsWrite, long Begin, long End);

    private sealed record Zone(T Value, long FirstEnd, long LastBegin);
}
