using System.Runtime.InteropServices;

namespace Registry.Server.Memory;

/// <summary>Heap of the C library, from which OpenSSL and SQLite allocate. Only glibc has these calls; other libraries need none.</summary>
internal static partial class NativeHeap
{
    // mallopt(3).
    private const int MapThreshold = -3;
    private const int ArenaMax = -8;

    // glibc's value at the start. It would grow up to 32 MiB, with each freed value of that size.
    private const int LargeAllocation = 128 * 1024;

    /// <summary>
    /// Limits the arenas to one for each processor: glibc makes up to eight, and each keeps what its connections have freed. Allocations from 128 KiB on,
    /// such as values of SQLite, always have pages of their own, which go back to the system at once. Call once, before other threads allocate.
    /// </summary>
    public static void Configure() => Call(() => _ = SetOption(ArenaMax, Environment.ProcessorCount) & SetOption(MapThreshold, LargeAllocation));

    /// <summary>Returns freed memory to the system.</summary>
    public static void Trim() => Call(() => _ = Trim(0));

    /// <summary>Bytes that are in use, and bytes that are free but kept; zeros when the library does not say.</summary>
    public static (long Used, long Free) Read()
    {
        var info = default(Info);
        Call(() => info = ReadInfo());
        return ((long)(info.UsedInArenas + info.Mapped), (long)info.FreeInArenas);
    }

    private static void Call(Action call)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            call();
        }
        catch (EntryPointNotFoundException)
        {
            // Not glibc.
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial Info ReadInfo();

#pragma warning disable CS0649 // The library assigns the fields.
    // struct mallinfo2 (mallinfo(3)); the sum of all arenas.
    [StructLayout(LayoutKind.Sequential)]
    private struct Info
    {
        public nuint Arenas;
        public nuint FreeChunks;
        public nuint FastChunks;
        public nuint Maps;
        public nuint Mapped;
        public nuint Unused;
        public nuint FreeInFastChunks;
        public nuint UsedInArenas;
        public nuint FreeInArenas;
        public nuint Releasable;
    }
#pragma warning restore CS0649
}
