using Microsoft.Win32.SafeHandles;

namespace Registry.Files;

/// <summary>
/// Writes files so that they survive a power cut, and checks every result. The BCL cannot do this: <c>FileStream.Flush(true)</c> and
/// <c>RandomAccess.FlushToDisk</c> of .NET 10 return normally when fsync fails, no method syncs a directory, and <c>File.Move</c>
/// copies across devices.
/// </summary>
public static class DurableFile
{
    /// <summary>Makes a file's data and size durable.</summary>
    public static void SyncData(SafeFileHandle handle, string path)
    {
        if (OperatingSystem.IsWindows())
        {
#pragma warning disable RS0030 // On Windows, it reports failures.
            RandomAccess.FlushToDisk(handle);
#pragma warning restore RS0030
            return;
        }

        Posix.Sync(handle, path, dataOnly: true);
    }

    /// <summary>True if a rename has failed because both names are not on the same file system.</summary>
    public static bool IsAcrossFileSystems(IOException fault) => !OperatingSystem.IsWindows() && fault.HResult == Posix.Exdev;

    /// <summary>Makes the names in a directory durable. Windows journals them by itself.</summary>
    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var directory = Posix.OpenDirectory(path);
        Posix.Sync(directory, path, dataOnly: false);
    }

    /// <summary>Makes everything on the file system of a directory durable.</summary>
    public static void SyncFileSystem(string directory)
    {
        using var fileSystem = OpenFileSystem(directory);
        SyncFileSystem(fileSystem, directory);
    }

    /// <summary>
    /// Opens the file system of a directory, before files are written to it that <see cref="SyncFileSystem(SafeFileHandle?, string)"/> makes durable.
    /// Linux reports a failed write to every open file once; a file that is opened later may not learn of it.
    /// </summary>
    /// <returns>Null on Windows, which cannot sync a file system.</returns>
    public static SafeFileHandle? OpenFileSystem(string directory) => OperatingSystem.IsWindows() ? null : Posix.OpenDirectory(directory);

    /// <summary>Makes everything on an open file system durable.</summary>
    /// <exception cref="SyncException">A write since the file system was opened has failed, or the sync.</exception>
    public static void SyncFileSystem(SafeFileHandle? fileSystem, string directory)
    {
        if (fileSystem is null || OperatingSystem.IsWindows())
        {
            return;
        }

        if (OperatingSystem.IsLinux())
        {
            Posix.SyncFileSystem(fileSystem, directory);
        }
        else
        {
            Posix.SyncEverything();
        }
    }

    /// <summary>Gives a file its final name, and replaces an existing file. Never copies.</summary>
    public static void Rename(string from, string to)
    {
        if (OperatingSystem.IsWindows())
        {
#pragma warning disable RS0030 // On Windows, it does not copy.
            File.Move(from, to, overwrite: true);
#pragma warning restore RS0030
            return;
        }

        Posix.Rename(from, to);
    }

    /// <summary>Starts writing a range of a file back, so that the sync at the end is short.</summary>
    public static void StartWriteBack(SafeFileHandle handle, long offset, long count)
    {
        if (OperatingSystem.IsLinux())
        {
            Posix.StartWriteBack(handle, offset, count);
        }
    }
}
