using Registry.Server.Transport.Buffers;

namespace Registry.Server.Memory;

/// <summary>
/// Gives memory back to the system when the registry has been quiet for a while. The runtime collects only when something is allocated, so a
/// process that is idle after an attack or a busy hour would keep what they took.
/// </summary>
internal sealed class MemoryTrim(BlockPool pool)
{
    /// <summary>Interval of the checks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    // Growth that is worth a collection.
    private const long WorthIt = 16L * 1024 * 1024;

    private readonly Lock _lock = new();

    // Of a quiet registry: after a collection under pressure, there is more to return later.
    private long _afterCollection = ResidentMemory.Read();
    private long _afterTrim = ResidentMemory.Read();
    private int _collections;

    /// <summary>
    /// Drops the blocks that no connection has needed since the last check. When the process has grown, returns what the C library has freed to the
    /// system. When the runtime has not collected since the last check, because hardly anything was allocated, it also collects everything.
    /// </summary>
    public void Run()
    {
        lock (_lock)
        {
            pool.Trim();
            var resident = ResidentMemory.Read();
            (_afterCollection, _afterTrim) = (Math.Min(_afterCollection, resident), Math.Min(_afterTrim, resident));
            if (resident > _afterCollection + WorthIt && GC.CollectionCount(0) == _collections)
            {
                CollectAndReturn();
                _afterCollection = _afterTrim;
            }
            else if (resident > _afterTrim + WorthIt)
            {
                NativeHeap.Trim();
                _afterTrim = ResidentMemory.Read();
            }

            _collections = GC.CollectionCount(0);
        }
    }

    /// <summary>What can be done at once when memory is short.</summary>
    public MemoryActions Actions => new(Release, Collect, Reclaim);

    private static void Collect() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);

    private void Release()
    {
        lock (_lock)
        {
            // Twice: the first call only begins to count what is needed.
            pool.Trim();
            pool.Trim();
            NativeHeap.Trim();
            _afterTrim = ResidentMemory.Read();
        }
    }

    private void Reclaim()
    {
        lock (_lock)
        {
            CollectAndReturn();
        }
    }

    private void CollectAndReturn()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
        _afterTrim = ResidentMemory.Read();
    }
}
