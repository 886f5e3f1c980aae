namespace Registry.Server.Memory;

/// <summary>Memory above which <see cref="MemoryWatch"/> acts, in bytes.</summary>
/// <param name="Process">Memory that the process may use.</param>
/// <param name="WholeHeap">Limit of the heap, at which the runtime throws.</param>
internal sealed record ProcessMemoryLimits(long Process, long WholeHeap)
{
    /// <summary>Part of the memory of the process that its heap may take, in percent (<c>System.GC.HeapHardLimitPercent</c> in the project file).</summary>
    public const int HeapPercent = 60;

    // The rest is for kernel memory that a control group counts (sockets, page tables), and for what is taken between two checks.
    private const double PartToReclaim = 0.8;
    private const double PartToShed = 0.88;

    // Objects without garbage. The rest is for what is allocated until connections are closed.
    private const double PartOfHeap = 0.7;
    private const long LeastFree = 40 * 1024 * 1024;

    // Of the heap's limit, although blocks are outside of the heap: connections take about as much of it.
    private const double PartOfBlocks = 0.25;

    /// <summary>Resident memory above which what is free is returned, and above which connections are closed when that was not enough.</summary>
    public (long Reclaim, long Shed) Resident => ((long)(Process * PartToReclaim), (long)(Process * PartToShed));

    /// <summary>Bytes of objects, without garbage, above which connections are closed.</summary>
    public long Heap => Math.Max(WholeHeap / 2, Math.Min((long)(WholeHeap * PartOfHeap), WholeHeap - LeastFree));

    /// <summary>Bytes of blocks in use above which connections are closed.</summary>
    public long Blocks => (long)(WholeHeap * PartOfBlocks);

    /// <summary>The limits of this process: those of its control group, or of the machine. Call before the first request.</summary>
    public static ProcessMemoryLimits OfProcess()
    {
        var info = GC.GetGCMemoryInfo();
        var heap = info.TotalAvailableMemoryBytes;

        // The runtime calls 90 % of the memory of the machine or control group a high load. An operator may have set a smaller heap.
        var all = info.HighMemoryLoadThresholdBytes / 9 * 10;
        return new(Math.Min(all, Math.Max(heap / HeapPercent * 100, heap + Environment.WorkingSet)), heap);
    }
}
