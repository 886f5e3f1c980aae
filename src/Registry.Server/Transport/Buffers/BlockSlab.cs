using System.Runtime.InteropServices;

namespace Registry.Server.Transport.Buffers;

/// <summary>
/// Memory of some blocks of a <see cref="BlockPool"/>, outside of the heap of the runtime: the runtime frees pinned memory late and in parts, and what is free
/// between pinned blocks is of no use to anything else. Here each block is whole pages, which go back to the system one block at a time.
/// </summary>
/// <remarks>The address space is freed when neither the pool nor a block is reachable, so that a late reader of a returned block reads memory of the pool.</remarks>
internal sealed unsafe partial class BlockSlab
{
    /// <summary>Size of a slab, in bytes.</summary>
    public const int Size = BlockPool.LargestBlock;

    // Of every processor that .NET runs on, or a multiple.
    private const nuint Page = 4096;

    // madvise(2).
    private const int DontNeed = 4;
    private const int NoHugePage = 15;

    private readonly byte* _start = (byte*)NativeMemory.AlignedAlloc(Size, Page);

    // With huge pages (/sys/kernel/mm/transparent_hugepage/enabled is "always"), the first byte of a block would take up to 2 MiB, neighbours included, and
    // what is given back would be filled again in the background. A failure means that the kernel has none.
    public BlockSlab()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Advise(_start, Size, NoHugePage);
        }
    }

    ~BlockSlab() => NativeMemory.AlignedFree(_start);

    /// <summary>Address of a byte.</summary>
    /// <param name="offset">Offset of the byte.</param>
    public byte* At(int offset) => _start + offset;

    /// <summary>Gives the pages of a block back to the system. They read as zeros, and take memory again when they are written.</summary>
    /// <param name="offset">Offset of the block.</param>
    /// <param name="length">Length of the block.</param>
    public void Release(int offset, int length)
    {
        // A failure costs memory until the block is used again.
        if (OperatingSystem.IsLinux())
        {
            _ = Advise(_start + offset, (nuint)length, DontNeed);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint length, int advice);
}
