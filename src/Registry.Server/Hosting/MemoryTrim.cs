using System.Runtime.InteropServices;
using Registry.Server.Transport;

namespace Registry.Server.Hosting;

/// <summary>
/// Gives memory back to the system when the registry has been quiet for a while. The runtime collects only when something is allocated, so a
/// process that is idle after an attack or a busy hour would keep what they took.
/// </summary>
internal sealed partial class MemoryTrim(BlockPool pool)
{
    /// <summary>Interval of the checks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    // Growth that is worth a collection.
    private const long WorthIt = 16L * 1024 * 1024;

    private long _resident = Environment.WorkingSet;
    private int _collections;

    /// <summary>
    /// Drops the blocks that no connection has needed since the last check. When the runtime has not collected since then, because hardly anything
    /// was allocated, and the process has grown, it collects everything and returns it to the system.
    /// </summary>
    public void Run()
    {
        pool.Trim();
        var isQuiet = GC.CollectionCount(0) == _collections;
        if (isQuiet && Environment.WorkingSet > _resident + WorthIt)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            TrimNativeHeap();
            _resident = Environment.WorkingSet;
        }

        _collections = GC.CollectionCount(0);
    }

    // TLS and SQLite allocate from the C library, which keeps what they free.
    private static void TrimNativeHeap()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = Trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Only glibc has it. Other libraries return freed memory by themselves.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
