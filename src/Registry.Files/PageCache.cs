using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Registry.Files;

/// <summary>
/// Queries and controls which part of a file is in memory. sendfile(2) on a part that is not waits for the disk, on the calling thread; and
/// reading everything once evicts what others read often.
/// </summary>
[SupportedOSPlatform("linux")]
public static partial class PageCache
{
    // The same number on all architectures (Linux 6.5 and later).
    private const nint CacheStat = 451;

    private const int DontNeed = 4;

    // RWF_NOWAIT of preadv2(2). A file system without it, as one in memory, refuses each such read at once; that says nothing of other file systems.
    private const int NoWait = 8;

    private static bool _isUnknown;

    /// <summary>True if a whole range is in memory, or if the kernel cannot tell.</summary>
    public static bool Holds(SafeFileHandle file, long offset, long count) => FindWhole(file, offset, count) ?? true;

    /// <summary>True if a whole range is in memory; null if the kernel cannot tell.</summary>
    public static bool? FindWhole(SafeFileHandle file, long offset, long count)
    {
        if (Volatile.Read(ref _isUnknown))
        {
            return null;
        }

        var range = new Range(offset, count);
        var statistics = default(Statistics);
        if (SystemCall(CacheStat, file, ref range, ref statistics, 0) != 0)
        {
            Volatile.Write(ref _isUnknown, true);
            return null;
        }

        var page = Environment.SystemPageSize;
        var pages = ((offset + count + page - 1) / page) - (offset / page);
        return statistics.Cached >= pages;
    }

    /// <summary>Reads bytes of a file that are in memory, without waiting for the disk.</summary>
    /// <param name="file">The file.</param>
    /// <param name="memory">Receives the bytes; not empty.</param>
    /// <param name="offset">Position of the first byte.</param>
    /// <returns>Number of read bytes; 0 when the first is not in memory, at the end of the file, after a failure, or if the kernel cannot tell.</returns>
    public static unsafe int Read(SafeFileHandle file, Span<byte> memory, long offset)
    {
        fixed (byte* start = memory)
        {
            var vector = new Vector((nint)start, (nuint)memory.Length);
            return (int)Math.Max(0, ReadVector(file, in vector, 1, offset, NoWait));
        }
    }

    /// <summary>Reads a range into memory and waits for it.</summary>
    public static void Load(SafeFileHandle file, long offset, long count)
    {
        // Requests the whole range from the disk at once. A failure appears when the bytes are sent.
        _ = ReadAhead(file, offset, (nuint)count);
        Span<byte> last = stackalloc byte[1];
        RandomAccess.Read(file, last, offset + count - 1);
    }

    /// <summary>Evicts a file from memory, except what must still be written. The next reader waits for the disk.</summary>
    public static void Drop(SafeFileHandle file)
    {
        // It is only advice: nothing is lost if the kernel ignores it.
        _ = Advise(file, 0, 0, DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, SafeFileHandle file, ref Range range, ref Statistics statistics, uint flags);

    [LibraryImport("libc", EntryPoint = "preadv2", SetLastError = true)]
    private static partial nint ReadVector(SafeFileHandle file, in Vector vectors, int count, long offset, int flags);

    [LibraryImport("libc", EntryPoint = "readahead", SetLastError = true)]
    private static partial nint ReadAhead(SafeFileHandle file, long offset, nuint count);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long count, int advice);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Vector(nint Start, nuint Length);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Range(long Offset, long Length);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Statistics(long Cached, long Dirty, long WriteBack, long Evicted, long RecentlyEvicted);
}
