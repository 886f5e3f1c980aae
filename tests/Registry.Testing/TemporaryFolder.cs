using System.Runtime.InteropServices;

namespace Registry.Testing;

/// <summary>New, empty folder. Disposing unmounts file systems inside it, then deletes it with its content.</summary>
/// <param name="purpose">Part of the name. Short: Unix sockets inside have 108 bytes for their whole path.</param>
/// <param name="isInMemory">
/// True for a test that is not about the disk: it does not wait for syncs. On the disk all the same where the system has no such folder, or too little space there.
/// </param>
public sealed partial class TemporaryFolder(string purpose = "test", bool isInMemory = false) : IDisposable
{
    private const int DetachMount = 2;
    private const string Memory = "/dev/shm";

    // Containers often have 64 MiB there.
    private const long EnoughMemory = 1L << 30;

    // As that of a temporary folder of the system.
    private const UnixFileMode OfOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Path of the folder.</summary>
    public string Path { get; } =
        isInMemory && !OperatingSystem.IsWindows() && Directory.Exists(Memory) && new DriveInfo(Memory).AvailableFreeSpace >= EnoughMemory
            ? Directory.CreateDirectory(System.IO.Path.Combine(Memory, $"registry-{purpose}-{Guid.NewGuid():N}"), OfOwner).FullName
            : Directory.CreateTempSubdirectory($"registry-{purpose}-").FullName;

    /// <summary>Returns a path inside, and creates its parent folders.</summary>
    public string File(params ReadOnlySpan<string> parts)
    {
        string path = System.IO.Path.Combine([Path, .. parts]);
        _ = Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>Returns the path of a folder inside, and creates the folder if needed.</summary>
    public string Folder(params ReadOnlySpan<string> parts) => Directory.CreateDirectory(System.IO.Path.Combine([Path, .. parts])).FullName;

    public void Dispose()
    {
        // Deepest first. A container engine leaves overlays and name spaces mounted when it is killed.
        foreach (string mount in Mounts().OrderByDescending(path => path.Length))
        {
            _ = Unmount(mount, DetachMount);
        }
        if (Directory.Exists(Path) && !Mounts().Any())
        {
            Directory.Delete(Path, recursive: true);
        }
    }

    private IEnumerable<string> Mounts() =>
        System.IO.File.ReadLines("/proc/self/mounts")
            .Select(line => line.Split(' ')[1])
            .Where(path => path.StartsWith(Path + "/", StringComparison.Ordinal));

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string path, int flags);
}
