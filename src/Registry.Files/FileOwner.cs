using Microsoft.Win32.SafeHandles;

namespace Registry.Files;

/// <summary>
/// Sets the owner of new files and folders. An operator may run a command as root in the data folder of a service: files that root creates get the
/// owner and group of their folder, so that the service can use them. Without root, the system sets the owner, as usual.
/// </summary>
/// <remarks>SQLite does the same for the log and the index of a database, which get the database's owner and mode.</remarks>
public static class FileOwner
{
    // Only root can change an owner, and a process keeps running as root.
    private static readonly bool IsRoot = OperatingSystem.IsLinux() && Posix.EffectiveUser == 0;

    /// <summary>Gives a new file or folder the owner of its folder. Does not follow a symbolic link in its place.</summary>
    /// <exception cref="IOException">The owner cannot be changed.</exception>
    public static void Inherit(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (IsRoot && OperatingSystem.IsLinux())
        {
            Posix.CopyOwner(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)))!, path);
        }
    }

    /// <summary>Gives an open new file the owner of its folder.</summary>
    /// <exception cref="IOException">The owner cannot be changed.</exception>
    public static void Inherit(SafeFileHandle handle, string path) => TakeFrom(Path.GetDirectoryName(Path.GetFullPath(path))!, handle, path);

    /// <summary>
    /// Gives a new file or folder the owner of another folder, if that exists: when several threads create a path at once, the folder in between
    /// may still belong to root.
    /// </summary>
    /// <exception cref="IOException">The owner cannot be changed.</exception>
    public static void TakeFrom(string folder, string path)
    {
        if (IsRoot && OperatingSystem.IsLinux() && Directory.Exists(folder))
        {
            Posix.CopyOwner(folder, path);
        }
    }

    /// <summary>Gives an open new file the owner of a folder.</summary>
    /// <exception cref="IOException">The owner cannot be changed.</exception>
    public static void TakeFrom(string folder, SafeFileHandle handle, string path)
    {
        if (IsRoot && OperatingSystem.IsLinux())
        {
            Posix.CopyOwner(folder, handle, path);
        }
    }

    /// <summary>
    /// Lets the group read an open file of root, if that is not the group of root: a folder of root with the group of a service holds files that the
    /// service reads and does not change.
    /// </summary>
    /// <exception cref="IOException">The mode cannot be changed.</exception>
    public static void LetGroupOfServiceRead(SafeFileHandle handle, string path)
    {
        if (IsRoot && OperatingSystem.IsLinux() && Posix.OwnerOf(path) is (0, not 0))
        {
            File.SetUnixFileMode(handle, File.GetUnixFileMode(handle) | UnixFileMode.GroupRead);
        }
    }

    /// <summary>Creates a file, unless it exists.</summary>
    /// <exception cref="IOException">The file cannot be created.</exception>
    public static void CreateFile(string path)
    {
        if (!File.Exists(path))
        {
            using var handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            Inherit(handle, path);
        }
    }

    /// <summary>Creates a folder and its parents, unless they exist.</summary>
    /// <exception cref="IOException">The folder cannot be created.</exception>
    public static void CreateFolder(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!Directory.Exists(path))
        {
            // From the top: each takes the owner of the one above.
            if (Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) is { } parent)
            {
                CreateFolder(parent);
            }

            if (File.Exists(path))
            {
                throw new IOException($"{path} is a file, not a folder");
            }

            try
            {
                Directory.CreateDirectory(path);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                // The parent exists: this is how a file system such as that of /proc refuses.
                throw new IOException($"the file system refuses to create the folder {path}", e);
            }

            Inherit(path);
        }
    }
}
