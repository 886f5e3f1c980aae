namespace Registry.Server.Memory;

/// <summary>Memory above which <see cref="MemoryWatch"/> acts, in bytes.</summary>
/// <param name="Process">Memory that the process may use.</param>
/// <param name="WholeHeap">Limit of the heap, at which the runtime throws.</param>
internal sealed record ProcessMemoryLimits(long Process, long WholeHeap)
{
    /// <summary>Part of the memory of the process that its heap may take, in percent (<c>System.GC.HeapHardLimitPercent</c> in the project file).</summary>
    public const int HeapPercent = 60;

    // The rest is for kernel memory that a control group counts (page tables, stacks of threads), and for what is taken between two checks.
    private const double PartToReclaim = 0.8;
    private const double PartToShed = 0.88;

    // Objects without garbage. The rest is for what is allocated until connections are closed.
    private const double PartOfHeap = 0.7;
    private const long LeastFree = 40 * 1024 * 1024;

    // Of what is left of the heap. With half of it, unfinished heads filled a heap of 128 MiB before connections were closed.
    private const int PartForGarbage = 8;

    // Of the heap's limit, although blocks are outside of the heap: connections take about as much of it.
    private const double PartOfBlocks = 0.25;

    // The program itself, SQLite, OpenSSL and blocks do not become smaller with the heap.
    private const long LeastBesideHeap = 100 * 1024 * 1024;

    /// <summary>Memory of the process above which what is free is returned, and above which connections are closed when that was not enough.</summary>
    public (long Reclaim, long Shed) Levels => ((long)(Process * PartToReclaim), (long)(Process * PartToShed));

    /// <summary>Bytes of objects, without garbage, above which connections are closed.</summary>
    public long Heap => Math.Max(WholeHeap / 2, Math.Min((long)(WholeHeap * PartOfHeap), WholeHeap - LeastFree));

    /// <summary>Bytes of objects and garbage above which a collection cannot wait any longer: the rest is taken within two checks, at worst.</summary>
    public long HeapWithGarbage => Heap + ((WholeHeap - Heap) / PartForGarbage);

    /// <summary>Bytes of blocks in use above which connections are closed.</summary>
    public long Blocks => (long)(WholeHeap * PartOfBlocks);

    /// <summary>The limits of this process, which do not change.</summary>
    public static ProcessMemoryLimits OfProcess { get; } = Read();

    /// <summary>
    /// The limits of a process whose heap has a limit. An operator who sets a smaller heap than usual (<c>DOTNET_GCHeapHardLimit</c>) wants a smaller process:
    /// without a control group, there is no other way to ask for one.
    /// </summary>
    /// <param name="available">Memory of the machine or control group.</param>
    /// <param name="heap">Limit of the heap.</param>
    internal static ProcessMemoryLimits Of(long available, long heap) =>
        new(Math.Min(available, heap + Math.Max(heap / HeapPercent * (100 - HeapPercent), LeastBesideHeap)), heap);

    private static ProcessMemoryLimits Read()
    {
        var info = GC.GetGCMemoryInfo();

        // The runtime calls 90 % of the memory of the machine or control group a high load.
#pragma warning disable RS0030 // The only place that asks for the limit of the heap.
        return Of(info.HighMemoryLoadThresholdBytes / 9 * 10, info.TotalAvailableMemoryBytes);
#pragma warning restore RS0030
    }
}
