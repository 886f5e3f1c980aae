using System.Runtime.InteropServices;

namespace Registry.Testing;

/// <summary>A folder under the system's temporary folder that disappears with this object, together with whatever is mounted inside.</summary>
public sealed partial class TemporaryFolder : IDisposable
{
    private const int DetachMount = 2;

    private TemporaryFolder(string path) => FullPath = path;

    public string FullPath { get; }

    /// <param name="purpose">Part of the name. Kept short: Unix sockets inside have 108 bytes for their whole path.</param>
    public static TemporaryFolder Create(string purpose) => new(Directory.CreateTempSubdirectory($"registry-{purpose}-").FullName);

    /// <summary>The path of something inside; the folders that lead to it are created.</summary>
    public string File(params ReadOnlySpan<string> parts)
    {
        string path = Path.Combine([FullPath, .. parts]);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>A folder inside, created when it is not there.</summary>
    public string Folder(params ReadOnlySpan<string> parts) => Directory.CreateDirectory(Path.Combine([FullPath, .. parts])).FullName;

    public void Dispose()
    {
        // Deepest first. A container engine that was killed leaves its overlays and name spaces mounted.
        foreach (string mount in Mounts().OrderByDescending(path => path.Length))
        {
            _ = Unmount(mount, DetachMount);
        }
        if (Directory.Exists(FullPath) && !Mounts().Any())
        {
            Directory.Delete(FullPath, recursive: true);
        }
    }

    private IEnumerable<string> Mounts() =>
        System.IO.File.ReadLines("/proc/self/mounts")
            .Select(line => line.Split(' ')[1])
            .Where(path => path.StartsWith(FullPath + "/", StringComparison.Ordinal));

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string path, int flags);
}
