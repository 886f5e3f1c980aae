using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Registry.Core.Storage.FileSystem;

/// <summary>System calls that the BCL lacks, or whose failures it hides.</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class Posix
{
    public const int Exdev = 18;
    public const int SyncFileRangeWrite = 2;

    // The same on Linux and macOS.
    private const int ReadOnly = 0;

    private static readonly int Directory = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86
        ? 0x10000
        : OperatingSystem.IsLinux() ? 0x4000 : 0x100000;

    private static readonly int CloseOnExec = OperatingSystem.IsLinux() ? 0x80000 : 0x1000000;

    /// <summary>Opens a directory, to sync it or to name its file system.</summary>
    public static SafeFileHandle OpenDirectory(string path)
    {
        var handle = Open(path, ReadOnly | Directory | CloseOnExec);
        return handle.IsInvalid ? throw LastError("open", path) : handle;
    }

    /// <summary>Makes the names in a directory, or a file's data, durable.</summary>
    /// <exception cref="SyncException">It is not.</exception>
    public static void Sync(SafeFileHandle handle, string path, bool dataOnly)
    {
        // macOS has no fdatasync.
        if ((dataOnly && OperatingSystem.IsLinux() ? FDataSync(handle) : FSync(handle)) != 0)
        {
            throw LastSyncError("fsync", path);
        }
    }

    /// <summary>rename(2): atomic, replaces a file, and unlike File.Move never copies.</summary>
    public static void Rename(string from, string to)
    {
        if (RenameCore(from, to) != 0)
        {
            throw LastError("rename", $"{from} -> {to}");
        }
    }

    /// <summary>Makes everything on a file system durable.</summary>
    public static void SyncFileSystem(SafeFileHandle handle, string path)
    {
        if (SyncFs(handle) != 0)
        {
            throw LastSyncError("syncfs", path);
        }
    }

    /// <summary>sync(2), for systems without syncfs: everything on every file system.</summary>
    public static void SyncEverything() => SyncAll();

    /// <summary>Starts writing a range of a file back, without waiting; what fails shows at the fsync.</summary>
    [SupportedOSPlatform("linux")]
    public static void StartWriteBack(SafeFileHandle handle, long offset, long count) =>
        _ = SyncFileRange(handle, offset, count, SyncFileRangeWrite);

    /// <summary>Gives an open file the owner and the group of another one.</summary>
    /// <exception cref="IOException">It may not be given away; only root may do that.</exception>
    [SupportedOSPlatform("linux")]
    public static void CopyOwner(string from, SafeFileHandle to, string path)
    {
        const int StatxUid = 0x8;
        const int StatxGid = 0x10;
        const int WorkingDirectory = -100;
        Span<uint> status = stackalloc uint[64];
        if (Statx(WorkingDirectory, from, 0, StatxUid | StatxGid, status) != 0)
        {
            throw LastError("statx", from);
        }

        // struct statx: stx_uid is at byte 20, stx_gid at 24, on every architecture.
        if (FChown(to, status[5], status[6]) != 0)
        {
            throw LastError("fchown", path);
        }
    }

    /// <summary>Whether two open files are one: the same inode of the same file system.</summary>
    [SupportedOSPlatform("linux")]
    public static bool IsSameFile(SafeFileHandle a, SafeFileHandle b)
    {
        const int StatxInode = 0x100;
        const int EmptyPath = 0x1000;
        Span<uint> statusA = stackalloc uint[64];
        Span<uint> statusB = stackalloc uint[64];
        if (Statx(a, string.Empty, EmptyPath, StatxInode, statusA) != 0 || Statx(b, string.Empty, EmptyPath, StatxInode, statusB) != 0)
        {
            throw LastError("statx", "an open file");
        }

        // struct statx: stx_ino is at byte 32, stx_dev_major and stx_dev_minor are at 136, on every architecture.
        return statusA[8..10].SequenceEqual(statusB[8..10]) && statusA[34..36].SequenceEqual(statusB[34..36]);
    }

    private static IOException LastError(string call, string path)
    {
        var errno = Marshal.GetLastPInvokeError();
        return new IOException(Describe(call, path, errno), errno);
    }

    private static SyncException LastSyncError(string call, string path)
    {
        var errno = Marshal.GetLastPInvokeError();
        return new SyncException(Describe(call, path, errno), errno);
    }

    private static string Describe(string call, string path, int errno) => $"{call} {path}: {Marshal.GetPInvokeErrorMessage(errno)}";

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFs(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void SyncAll();

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameCore(string from, string to);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, Span<uint> status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeFileHandle file, string path, int flags, uint mask, Span<uint> status);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int FChown(SafeFileHandle handle, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncFileRange(SafeFileHandle handle, long offset, long count, uint flags);
}
