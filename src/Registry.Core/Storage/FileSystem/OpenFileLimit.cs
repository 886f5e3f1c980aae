using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// How many files and sockets the process may have open (RLIMIT_NOFILE), and who has to stop before that is reached. Every thread of .NET
/// opens two descriptors when it starts, and a process that cannot start one ends with "Out of memory.": so the last descriptors belong to
/// threads and to the metadata, those before them to files, and connections make do with the rest.
/// </summary>
[SupportedOSPlatform("linux")]
public static partial class OpenFileLimit
{
    /// <summary>What no connection and no file may take, in descriptors.</summary>
    public const int Reserve = 64;

    private const int MaxForFiles = 4096;
    private const int ResourceOpenFiles = 7;

    /// <summary>The limit of this process at the moment, in descriptors.</summary>
    public static long Current
    {
        get
        {
            Span<ulong> limits = stackalloc ulong[2];
            return GetLimit(ResourceOpenFiles, limits) == 0 ? (long)Math.Min(limits[0], int.MaxValue) : int.MaxValue;
        }
    }

    /// <summary>Whether another connection would take a descriptor that files need: a quarter of all is theirs, at most 4096.</summary>
    public static bool IsReachedByConnections
    {
        get
        {
            // The system gives out the lowest number that is free, so the number says how many are in use.
            var next = Duplicate(0);
            if (next >= 0)
            {
                _ = Close(next);
            }

            var limit = Current;
            return next < 0 || next >= limit - Reserve - Math.Min(limit / 4, MaxForFiles);
        }
    }

    /// <summary>Whether a file that has been opened took a descriptor that threads need.</summary>
    internal static bool IsReachedBy(SafeFileHandle file) => file.DangerousGetHandle() >= Current - Reserve;

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, Span<ulong> limits);

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
