using System.Runtime.InteropServices;

namespace Registry.Server.Hosting;

/// <summary>Heap of the C library, from which OpenSSL and SQLite allocate. Only glibc has these calls; other libraries need none.</summary>
internal static partial class NativeHeap
{
    // mallopt(3).
    private const int ArenaMax = -8;

    /// <summary>
    /// Limits the arenas to one for each processor. glibc makes up to eight, and each keeps what its connections have freed. Call once, before other threads
    /// allocate.
    /// </summary>
    public static void LimitArenas() => Call(() => _ = SetOption(ArenaMax, Environment.ProcessorCount));

    /// <summary>Returns freed memory to the system.</summary>
    public static void Trim() => Call(() => _ = Trim(0));

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
}
