using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Registry.Files;

/// <summary>
/// Limit of open files and sockets of the process (RLIMIT_NOFILE), and the order in which users of descriptors stop before it. Every thread of
/// .NET opens two descriptors when it starts, and a process that cannot start a thread ends with "Out of memory.". The last descriptors
/// therefore belong to threads and to the metadata, those before them to files, and connections get the rest.
/// </summary>
[SupportedOSPlatform("linux")]
public static partial class OpenFileLimit
{
    /// <summary>Number of descriptors that no connection and no file may take.</summary>
    public const int Reserve = 64;

    private const int MaxForFiles = 4096;
    private const int ResourceOpenFiles = 7;

    /// <summary>Current limit of this process, in descriptors.</summary>
    public static long Current
    {
        get
        {
            Span<ulong> limits = stackalloc ulong[2];
            return GetLimit(ResourceOpenFiles, limits) == 0 ? (long)Math.Min(limits[0], int.MaxValue) : int.MaxValue;
        }
    }

    /// <summary>True if another connection would take a descriptor that files need: a quarter of all is reserved for them, at most 4096.</summary>
    public static bool IsReachedByConnections
    {
        get
        {
            // The system assigns the lowest free number, so the number tells how many are in use.
            var next = Duplicate(0);
            if (next >= 0)
            {
                _ = Close(next);
            }

            var limit = Current;
            return next < 0 || next >= limit - Reserve - Math.Min(limit / 4, MaxForFiles);
        }
    }

    /// <summary>True if an opened file took a descriptor that threads need.</summary>
    internal static bool IsReachedBy(SafeFileHandle file) => file.DangerousGetHandle() >= Current - Reserve;

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, Span<ulong> limits);

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
