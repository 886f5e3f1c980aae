using Microsoft.Win32.SafeHandles;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// The owner of new files and folders. An operator runs a command as root in the data folder of a service: what root makes belongs to the owner
/// and group of the folder that it is made in, so that the service can use it. Without root, the system decides, as always.
/// </summary>
/// <remarks>SQLite does the same for the log and the index of a database, which get the owner and the mode of the database.</remarks>
public static class FileOwner
{
    // Without root nothing can be given away, and with it the process stays root.
    private static readonly bool IsRoot = OperatingSystem.IsLinux() && Posix.EffectiveUser == 0;

    /// <summary>Gives a new file or folder the owner of its folder. A symbolic link in its place is not followed.</summary>
    /// <exception cref="IOException">It cannot be given away.</exception>
    public static void Inherit(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (IsRoot && OperatingSystem.IsLinux())
        {
            Posix.CopyOwner(Path.GetDirectoryName(Path.GetFullPath(path))!, path);
        }
    }

    /// <summary>Gives a new file that is open the owner of its folder.</summary>
    /// <exception cref="IOException">It cannot be given away.</exception>
    public static void Inherit(SafeFileHandle handle, string path) => TakeFrom(Path.GetDirectoryName(Path.GetFullPath(path))!, handle, path);

    /// <summary>
    /// Gives a new file or folder the owner of another folder, if that is there: where several threads make a path at once, the folder in between
    /// may still be root's.
    /// </summary>
    /// <exception cref="IOException">It cannot be given away.</exception>
    public static void TakeFrom(string folder, string path)
    {
        if (IsRoot && OperatingSystem.IsLinux() && Directory.Exists(folder))
        {
            Posix.CopyOwner(folder, path);
        }
    }

    /// <summary>Gives a new file that is open the owner of a folder.</summary>
    /// <exception cref="IOException">It cannot be given away.</exception>
    public static void TakeFrom(string folder, SafeFileHandle handle, string path)
    {
        if (IsRoot && OperatingSystem.IsLinux())
        {
            Posix.CopyOwner(folder, handle, path);
        }
    }

    /// <summary>Makes a file, unless it is there.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void CreateFile(string path)
    {
        if (!File.Exists(path))
        {
            using var handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            Inherit(handle, path);
        }
    }

    /// <summary>Makes a folder, unless it is there.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void CreateFolder(string path)
    {
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            Inherit(path);
        }
    }
}
