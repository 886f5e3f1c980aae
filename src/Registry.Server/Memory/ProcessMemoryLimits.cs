namespace Registry.Server.Memory;

/// <summary>Memory above which <see cref="MemoryWatch"/> acts, in bytes.</summary>
/// <param name="Process">Memory that the process may use.</param>
/// <param name="WholeHeap">Limit of the heap, at which the runtime throws.</param>
/// <param name="Available">Memory of the machine or control group, which also holds the buffers of sockets. No less than <paramref name="Process"/>.</param>
internal sealed record ProcessMemoryLimits(long Process, long WholeHeap, long Available)
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

    /// <summary>Bytes of objects, without garbage, above which connections are closed.</summary>
    public long Heap => Math.Max(WholeHeap / 2, Math.Min((long)(WholeHeap * PartOfHeap), WholeHeap - LeastFree));

    /// <summary>Bytes of objects and garbage above which a collection cannot wait any longer: the rest is taken within two checks, at worst.</summary>
    public long HeapWithGarbage => Heap + ((WholeHeap - Heap) / PartForGarbage);

    /// <summary>Bytes of blocks in use above which connections are closed.</summary>
    public long Blocks => (long)(WholeHeap * PartOfBlocks);

    /// <summary>Returns true when free memory has to be returned to the system.</summary>
    public bool IsNear(MemoryUse use) => IsAbove(PartToReclaim, use);

    /// <summary>Returns true when connections have to be closed, unless the return of free memory is enough.</summary>
    public bool IsFull(MemoryUse use) => IsAbove(PartToShed, use);

    /// <summary>Finds the limit that is nearest: of the process, or of the control group, which the process shares with its sockets.</summary>
    /// <returns>Bytes that count against it, the limit, and the number of bytes above which connections are closed.</returns>
    public (long Used, long Limit, long Shed) Nearest(MemoryUse use)
    {
        var isGroup = (double)use.WithSockets / Available > (double)use.Resident / Process;
        var (used, limit) = isGroup ? (use.WithSockets, Available) : (use.Resident, Process);
        return (used, limit, (long)(limit * PartToShed));
    }

    /// <summary>The limits of this process, which do not change.</summary>
    public static ProcessMemoryLimits OfProcess { get; } = Read();

    /// <summary>
    /// The limits of a process whose heap has a limit. An operator who sets a smaller heap than usual (<c>DOTNET_GCHeapHardLimit</c>) wants a smaller process:
    /// without a control group, there is no other way to ask for one.
    /// </summary>
    /// <param name="available">Memory of the machine or control group.</param>
    /// <param name="heap">Limit of the heap.</param>
    internal static ProcessMemoryLimits Of(long available, long heap) =>
        new(Math.Min(available, heap + Math.Max(heap / HeapPercent * (100 - HeapPercent), LeastBesideHeap)), heap, available);

    private bool IsAbove(double part, MemoryUse use)
    {
        var (used, limit, _) = Nearest(use);
        return used > limit * part;
    }

    private static ProcessMemoryLimits Read()
    {
        var info = GC.GetGCMemoryInfo();

        // The runtime calls 90 % of the memory of the machine or control group a high load.
#pragma warning disable RS0030 // The only place that asks for the limit of the heap.
        return Of(info.HighMemoryLoadThresholdBytes / 9 * 10, info.TotalAvailableMemoryBytes);
#pragma warning restore RS0030
    }
}
