using System.Diagnostics;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Registry.Files;

/// <summary>
/// Opens files and folders of the data folder only if they are regular. A symbolic link, a FIFO or a device may have been planted in the place of
/// one: a link would lead out of the folder, a FIFO would block the thread that opens it, and opening a device may have any effect. None of them
/// is ever followed or opened.
/// </summary>
/// <remarks>
/// Every path is checked below a folder, <c>below</c>, that the operator has chosen and that may be a link itself: <c>blobs/</c>,
/// <c>uploads/</c> or <c>repositories/</c>.
/// </remarks>
public static class PlainFile
{
    private static readonly EnumerationOptions WithoutLinks = new() { AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };

    /// <summary>Kind of the entry at a path, and its size in bytes if it is a file.</summary>
    /// <exception cref="IOException">The entry cannot be examined.</exception>
    public static EntryKind Find(string path, string below, out long size)
    {
        size = 0;
        for (var end = NextFolder(path, below.Length); end >= 0; end = NextFolder(path, end))
        {
            var parent = Look(path.AsSpan(0, end), out _);
            if (parent != EntryKind.Folder)
            {
                return parent == EntryKind.None ? EntryKind.None : EntryKind.Other;
            }
        }

        return Look(path, out size);
    }

    /// <inheritdoc cref="Find(string, string, out long)"/>
    public static EntryKind Find(string path, string below) => Find(path, below, out _);

    /// <summary>Opens a file for reading; null if it does not exist.</summary>
    /// <param name="path">The file.</param>
    /// <param name="below">A folder on its path.</param>
    /// <param name="size">Size of the file in bytes.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static SafeFileHandle? TryOpen(string path, string below, out long size) =>
        Find(path, below, out size) == EntryKind.File ? Open(path, FileAccess.Read, create: false, out size) : null;

    /// <summary>Opens a file for reading and writing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="below">A folder on its path.</param>
    /// <param name="anew">True to create the file if needed, and to empty it.</param>
    /// <exception cref="IOException">The file cannot be opened, or is not a regular file.</exception>
    public static SafeFileHandle OpenToWrite(string path, string below, bool anew)
    {
        var kind = Find(path, below);
        if (kind is EntryKind.Folder or EntryKind.Other)
        {
            throw NotPlain(path, "file");
        }

        var handle = Open(path, FileAccess.ReadWrite, anew, out var size)
            ?? throw (kind == EntryKind.None ? new FileNotFoundException($"{path} does not exist", path) : NotPlain(path, "file"));
        try
        {
            if (kind == EntryKind.None)
            {
                FileOwner.TakeFrom(below, handle, path);
            }

            if (anew && size > 0)
            {
                FileLength.Set(handle, 0);
            }

            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads a small file as a whole; null if it does not exist.</summary>
    /// <exception cref="IOException">The file cannot be read, or is larger than <paramref name="maxSize"/> bytes.</exception>
    public static byte[]? TryRead(string path, string below, long maxSize)
    {
        using var handle = TryOpen(path, below, out var size);
        return handle is null ? null : size <= maxSize ? Read(handle, (int)size) : throw new IOException($"{path} is larger than {maxSize} bytes");
    }

    /// <summary>Reads the beginning of a file; fewer bytes if the file ends before.</summary>
    public static byte[] Read(SafeFileHandle handle, int length)
    {
        var content = new byte[length];
        var read = 0;
        while (read < content.Length)
        {
            var count = RandomAccess.Read(handle, content.AsSpan(read), read);
            if (count == 0)
            {
                return content[..read];
            }

            read += count;
        }

        return content;
    }

    /// <summary>Creates a folder and its parents.</summary>
    /// <exception cref="IOException">The folder cannot be created, or an entry on the path is not a folder.</exception>
    public static void CreateFolder(string path, string below)
    {
        for (var end = NextFolder(path, below.Length); ; end = NextFolder(path, end))
        {
            var folder = end < 0 ? path : path[..end];
            switch (Look(folder, out _))
            {
                case EntryKind.Folder:
                    break;
                case EntryKind.None:
                    Directory.CreateDirectory(folder);
                    FileOwner.TakeFrom(below, folder);
                    break;
                default:
                    throw NotPlain(folder, "folder");
            }

            if (end < 0)
            {
                return;
            }
        }
    }

    /// <summary>Removes a folder with all its contents; false if it does not exist. Links inside are removed, not followed.</summary>
    public static bool DeleteFolder(string path, string below)
    {
        if (Find(path, below) != EntryKind.Folder)
        {
            return false;
        }

        Directory.Delete(path, recursive: true);
        return true;
    }

    /// <summary>
    /// Gives an entry another path. A folder whose path is taken by a folder moves what it holds into that one; files there are replaced. Nothing is copied, and links are moved,
    /// not followed. Can be repeated after an interruption.
    /// </summary>
    /// <param name="path">The entry.</param>
    /// <param name="target">Its new path, on the same file system, in a folder that exists.</param>
    /// <param name="below">A folder on both paths.</param>
    /// <exception cref="IOException">An entry cannot be moved; some may be moved already.</exception>
    public static void MoveInto(string path, string target, string below)
    {
        switch (Find(path, below), Find(target, below))
        {
            case (EntryKind.None, _):
                break;
            case (EntryKind.Folder, EntryKind.None):
                Directory.Move(path, target);
                break;
            case (EntryKind.Folder, EntryKind.Folder):
                foreach (var entry in Directory.GetFileSystemEntries(path))
                {
                    MoveInto(entry, Path.Combine(target, Path.GetFileName(entry)), below);
                }

                Directory.Delete(path);
                break;
            case (EntryKind.Folder, _):
                throw NotPlain(target, "folder");
            case (_, EntryKind.Folder):
                throw NotPlain(path, "folder");
            default:
                DurableFile.Rename(path, target);
                break;
        }
    }

    /// <summary>Lists the folders in an existing folder.</summary>
    public static IEnumerable<string> Folders(string path) => Directory.EnumerateDirectories(path, "*", WithoutLinks);

    /// <summary>True if two open files are the same one, and not one that has replaced the other.</summary>
    public static bool IsSame(SafeFileHandle one, SafeFileHandle other) => OperatingSystem.IsLinux()
        ? Posix.IsSameFile(one, other)
        : File.GetLastWriteTimeUtc(one) == File.GetLastWriteTimeUtc(other) && FileLength.Read(one) == FileLength.Read(other);

    /// <summary>Creates the exception for an entry that is not the expected file or folder.</summary>
    public static IOException NotPlain(string path, string expected) => new($"{path} is not a {expected}; it is left unchanged");

    // End of the next name on the path; -1 if only the last one is left.
    private static int NextFolder(string path, int after)
    {
        Debug.Assert(path[after] == Path.DirectorySeparatorChar, "The folder must lead to the path.");
        return path.IndexOf(Path.DirectorySeparatorChar, after + 1);
    }

    private static EntryKind Look(ReadOnlySpan<char> path, out long size) =>
        OperatingSystem.IsLinux() ? Posix.Find(path, out size) : LookElsewhere(path.ToString(), out size);

    private static SafeFileHandle? Open(string path, FileAccess access, bool create, out long size)
    {
        if (!OperatingSystem.IsLinux())
        {
            return OpenElsewhere(path, access, create, out size);
        }

        // The entry may have been replaced since it was checked.
        var handle = Posix.OpenFile(path, access, create);
        size = 0;
        if (handle is null)
        {
            return null;
        }

        var isFile = false;
        try
        {
            isFile = Posix.Find(handle, path, out size) == EntryKind.File;
            return isFile ? handle : null;
        }
        finally
        {
            if (!isFile)
            {
                handle.Dispose();
            }
        }
    }

    [UnsupportedOSPlatform("linux")]
    private static EntryKind LookElsewhere(string path, out long size)
    {
        var file = new FileInfo(path);
        size = file.Exists ? file.Length : 0;
        return file.LinkTarget is not null || (file.Exists && file.Attributes.HasFlag(FileAttributes.Device)) ? EntryKind.Other
            : file.Exists ? EntryKind.File
            : Directory.Exists(path) ? EntryKind.Folder
            : EntryKind.None;
    }

    [UnsupportedOSPlatform("linux")]
    private static SafeFileHandle? OpenElsewhere(string path, FileAccess access, bool create, out long size)
    {
        size = 0;
        try
        {
            var handle = File.OpenHandle(
                path, create ? FileMode.OpenOrCreate : FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete);
            size = FileLength.Read(handle);
            return handle;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
