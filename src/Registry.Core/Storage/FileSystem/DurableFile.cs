using Microsoft.Win32.SafeHandles;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Writes that survive a power cut, with every result checked. The BCL is of no use here: <c>FileStream.Flush(true)</c> and
/// <c>RandomAccess.FlushToDisk</c> of .NET 10 return normally when fsync fails, nothing in it syncs a directory, and <c>File.Move</c>
/// copies across devices.
/// </summary>
internal static class DurableFile
{
    /// <summary>Makes a file's data durable, and its size.</summary>
    public static void SyncData(SafeFileHandle handle, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            RandomAccess.FlushToDisk(handle);
            return;
        }

        Posix.Sync(handle, path, dataOnly: true);
    }

    /// <summary>Makes the names in a directory durable. Windows journals them itself.</summary>
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
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        if (!OperatingSystem.IsLinux())
        {
            Posix.SyncEverything();
            return;
        }

        using var handle = Posix.OpenDirectory(directory);
        Posix.SyncFileSystem(handle, directory);
    }

    /// <summary>Gives a file its final name, replacing what has it. Never copies.</summary>
    public static void Rename(string from, string to)
    {
        if (OperatingSystem.IsWindows())
        {
            File.Move(from, to, overwrite: true);
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
