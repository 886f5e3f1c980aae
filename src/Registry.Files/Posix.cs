using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Registry.Files;

/// <summary>System calls that the BCL lacks, or whose failures it hides.</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class Posix
{
    public const int Exdev = 18;
    public const int SyncFileRangeWrite = 2;

    private const int Enoent = 2;
    private const int Enotdir = 20;
    private const int Emfile = 24;
    private const int Eloop = 40;
    private const int WorkingDirectory = -100;

    // The same value on Linux and macOS.
    private const int ReadOnly = 0;

    // The same value on all architectures of Linux.
    private const int ReadWrite = 0x2;
    private const int Create = 0x40;
    private const int NonBlocking = 0x800;

    // struct statx, which is the same on all architectures: its size, and the fields that can be requested.
    private const int StatusWords = 64;
    private const int StatusType = 0x1;
    private const int StatusSize = 0x200;

    private static readonly int Directory = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86
        ? 0x10000
        : OperatingSystem.IsLinux() ? 0x4000 : 0x100000;

    private static readonly int NoFollow = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 0x20000 : 0x8000;

    private static readonly int CloseOnExec = OperatingSystem.IsLinux() ? 0x80000 : 0x1000000;

    /// <summary>Opens a directory, to sync it or to name its file system.</summary>
    public static SafeFileHandle OpenDirectory(string path)
    {
        var handle = Open(path, ReadOnly | Directory | CloseOnExec);
        return handle.IsInvalid ? throw LastError("open", path) : handle;
    }

    /// <summary>Kind of the entry at a path; does not follow a symbolic link.</summary>
    /// <exception cref="IOException">The entry cannot be examined.</exception>
    [SupportedOSPlatform("linux")]
    public static EntryKind Find(ReadOnlySpan<char> path, out long size)
    {
        const int NoFollowFlag = 0x100;
        size = 0;
        var most = Encoding.UTF8.GetMaxByteCount(path.Length) + 1;
        var name = most <= 1024 ? stackalloc byte[1024] : new byte[most];
        name[Encoding.UTF8.GetBytes(path, name)] = 0;
        Span<uint> status = stackalloc uint[StatusWords];
        if (Statx(WorkingDirectory, name, NoFollowFlag, StatusType | StatusSize, status) == 0)
        {
            return Read(status, out size);
        }

        return Marshal.GetLastPInvokeError() switch
        {
            Enoent => EntryKind.None,
            Enotdir => EntryKind.Other,
            _ => throw LastError("statx", path.ToString()),
        };
    }

    /// <summary>
    /// Opens a file for reading, or for reading and writing; null if it does not exist or is a symbolic link. Never waits. The caller checks the kind
    /// of the opened file.
    /// </summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    [SupportedOSPlatform("linux")]
    public static SafeFileHandle? OpenFile(string path, FileAccess access, bool create)
    {
        const int AnybodyMayReadAndWrite = 0x1B6;
        var flags = access == FileAccess.Read ? ReadOnly : ReadWrite;
        var handle = Open(path, flags | (create ? Create : 0) | NoFollow | NonBlocking | CloseOnExec, AnybodyMayReadAndWrite);
        if (!handle.IsInvalid && !OpenFileLimit.IsReachedBy(handle))
        {
            return handle;
        }

        var error = handle.IsInvalid ? LastError("open", path) : new IOException(Describe("open", path, Emfile), Emfile);
        handle.Dispose();
        return error.HResult is Enoent or Eloop ? null : throw error;
    }

    /// <summary>True if a call failed because the file does not exist.</summary>
    public static bool IsAbsent(IOException e) => e.HResult == Enoent;

    /// <summary>Opens a regular file for reading, through symbolic links, and returns its stamp. Never waits.</summary>
    /// <exception cref="IOException">The file cannot be opened, or is not a regular file; the message is a clause without the path.</exception>
    [SupportedOSPlatform("linux")]
    public static SafeFileHandle OpenToWatch(string path, out FileStamp stamp)
    {
        const int EmptyPath = 0x1000;
        const int BasicStatus = 0x7FF;
        var handle = Open(path, ReadOnly | NonBlocking | CloseOnExec);
        var error = handle.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
        Span<uint> status = stackalloc uint[StatusWords];
        if (error == 0 && Statx(handle, [0], EmptyPath, BasicStatus, status) != 0)
        {
            error = Marshal.GetLastPInvokeError();
        }

        var kind = error == 0 ? Read(status, out _) : EntryKind.None;
        if (kind == EntryKind.File)
        {
            stamp = StampOf(status);
            return handle;
        }

        handle.Dispose();
        throw error != 0
            ? new IOException(IoFault.OfErrno(error) ?? Marshal.GetPInvokeErrorMessage(error), error)
            : new IOException(kind == EntryKind.Folder ? "it is a folder, not a file" : "it is a pipe or a device, not a file");
    }

    /// <summary>Kind of an open file.</summary>
    /// <exception cref="IOException">The file cannot be examined.</exception>
    [SupportedOSPlatform("linux")]
    public static EntryKind Find(SafeFileHandle handle, string path, out long size)
    {
        const int EmptyPath = 0x1000;
        Span<uint> status = stackalloc uint[StatusWords];
        return Statx(handle, [0], EmptyPath, StatusType | StatusSize, status) == 0 ? Read(status, out size) : throw LastError("statx", path);
    }

    /// <summary>Makes the names in a directory, or a file's data, durable.</summary>
    /// <exception cref="SyncException">The sync failed.</exception>
    public static void Sync(SafeFileHandle handle, string path, bool dataOnly)
    {
        // macOS has no fdatasync.
        if ((dataOnly && OperatingSystem.IsLinux() ? FDataSync(handle) : FSync(handle)) != 0)
        {
            throw LastSyncError("fsync", path);
        }
    }

    /// <summary>Renames with rename(2): atomic, replaces a file, and unlike File.Move never copies.</summary>
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

    /// <summary>Calls sync(2), for systems without syncfs: makes everything on every file system durable.</summary>
    public static void SyncEverything() => SyncAll();

    /// <summary>Starts writing a range of a file back, without waiting. A failure appears at the fsync.</summary>
    [SupportedOSPlatform("linux")]
    public static void StartWriteBack(SafeFileHandle handle, long offset, long count) =>
        _ = SyncFileRange(handle, offset, count, SyncFileRangeWrite);

    /// <summary>
    /// Number of bytes before the first hole of a file that is not empty: a range that was never written, and whose pages are not in memory either. A file system
    /// that knows no holes reports the length.
    /// </summary>
    /// <exception cref="IOException">The file cannot be examined.</exception>
    [SupportedOSPlatform("linux")]
    public static long FindHole(SafeFileHandle file)
    {
        const int SeekHole = 4;
        var hole = LSeek(file, 0, SeekHole);
        return hole >= 0 ? hole : throw LastError("lseek", "an open file");
    }

    /// <summary>Gives an open file the owner and the group of another file.</summary>
    /// <exception cref="IOException">The owner cannot be changed; only root may do that.</exception>
    [SupportedOSPlatform("linux")]
    public static void CopyOwner(string from, SafeFileHandle to, string path)
    {
        var (user, group) = OwnerOf(from);
        if (FChown(to, user, group) != 0)
        {
            throw LastError("fchown", path);
        }
    }

    /// <summary>Gives a file or folder the owner and the group of another; changes a symbolic link itself.</summary>
    /// <exception cref="IOException">The owner cannot be changed; only root may do that.</exception>
    [SupportedOSPlatform("linux")]
    public static void CopyOwner(string from, string to)
    {
        var (user, group) = OwnerOf(from);
        if (LChown(to, user, group) != 0)
        {
            throw LastError("lchown", to);
        }
    }

    /// <summary>Removes permissions from the files that this process creates, in addition to its umask.</summary>
    public static void AddToUmask(uint mask) => _ = Umask(Umask(mask) | mask);

    /// <summary>User id and group id of a file or folder.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    [SupportedOSPlatform("linux")]
    public static (uint User, uint Group) OwnerOf(string path)
    {
        const int StatusUser = 0x8;
        const int StatusGroup = 0x10;
        Span<uint> status = stackalloc uint[StatusWords];

        // stx_uid and stx_gid.
        return Statx(WorkingDirectory, Encoding.UTF8.GetBytes($"{path}\0"), 0, StatusUser | StatusGroup, status) == 0
            ? (status[5], status[6])
            : throw LastError("statx", path);
    }

    /// <summary>Tests whether the permissions of a file or folder let this process write to it. Ignores a read-only file system.</summary>
    [SupportedOSPlatform("linux")]
    public static bool IsWritable(string path)
    {
        const int Write = 2;
        const int Eacces = 13;
        const int UseEffectiveUser = 0x200;
        return FAccessAt(WorkingDirectory, path, Write, UseEffectiveUser) == 0 || Marshal.GetLastPInvokeError() != Eacces;
    }

    /// <summary>True if two open files are the same: the same inode of the same file system.</summary>
    [SupportedOSPlatform("linux")]
    public static bool IsSameFile(SafeFileHandle a, SafeFileHandle b)
    {
        const int StatusInode = 0x100;
        const int EmptyPath = 0x1000;
        Span<uint> statusA = stackalloc uint[StatusWords];
        Span<uint> statusB = stackalloc uint[StatusWords];
        if (Statx(a, [0], EmptyPath, StatusInode, statusA) != 0 || Statx(b, [0], EmptyPath, StatusInode, statusB) != 0)
        {
            throw LastError("statx", "an open file");
        }

        // stx_ino, stx_dev_major and stx_dev_minor.
        return statusA[8..10].SequenceEqual(statusB[8..10]) && statusA[34..36].SequenceEqual(statusB[34..36]);
    }

    // stx_dev_major and stx_dev_minor, stx_ino, stx_size, stx_mtime and stx_ctime.
    private static FileStamp StampOf(ReadOnlySpan<uint> status)
    {
        const long NanosecondsPerSecond = 1_000_000_000;
        var wide = MemoryMarshal.Cast<uint, long>(status);
        return new FileStamp(
            ((ulong)status[34] << 32) | status[35],
            (ulong)wide[4],
            wide[5],
            (wide[14] * NanosecondsPerSecond) + status[30],
            (wide[12] * NanosecondsPerSecond) + status[26]);
    }

    private static EntryKind Read(ReadOnlySpan<uint> status, out long size)
    {
        // stx_mode and stx_size.
        const int TypeMask = 0xF000;
        const int Folder = 0x4000;
        const int Regular = 0x8000;
        size = MemoryMarshal.Cast<uint, long>(status)[5];
        return (MemoryMarshal.Cast<uint, ushort>(status)[14] & TypeMask) switch
        {
            Regular => EntryKind.File,
            Folder => EntryKind.Folder,
            _ => EntryKind.Other,
        };
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

    private static string Describe(string call, string path, int errno) => $"{call} {path}: {IoFault.OfErrno(errno) ?? Marshal.GetPInvokeErrorMessage(errno)}";

    /// <summary>Effective user id of this process.</summary>
    public static uint EffectiveUser => GetEffectiveUser();

    /// <summary>Effective group id of this process.</summary>
    public static uint EffectiveGroup => GetEffectiveGroup();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, uint mode);

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

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int Statx(int directory, ReadOnlySpan<byte> path, int flags, uint mask, Span<uint> status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int Statx(SafeFileHandle file, ReadOnlySpan<byte> path, int flags, uint mask, Span<uint> status);

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FAccessAt(int directory, string path, int mode, int flags);

    [LibraryImport("libc", EntryPoint = "getegid")]
    private static partial uint GetEffectiveGroup();

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint Umask(uint mask);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LChown(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int FChown(SafeFileHandle handle, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "lseek64", SetLastError = true)]
    private static partial long LSeek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncFileRange(SafeFileHandle handle, long offset, long count, uint flags);
}
