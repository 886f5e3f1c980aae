using System.Formats.Tar;
using System.Security.Cryptography;

namespace Registry.Testing.Layouts;

/// <summary>Reproducible tar archives, as content for layers.</summary>
public static class TarArchive
{
    /// <summary>Debian's busybox-static. A dynamically linked busybox does not run in an image without libraries.</summary>
    public const string Busybox = "/bin/busybox";

    private const UnixFileMode ReadableFile = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode Program = ReadableFile | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private static readonly DateTimeOffset Written = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Empty archive: two zero blocks.</summary>
    public static byte[] Empty => new byte[1024];

    public static byte[] Of(params ReadOnlySpan<(string Path, byte[] Content)> files)
    {
        var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach ((string path, byte[] content) in files)
            {
                AddFile(writer, path, content, ReadableFile);
            }
        }
        return stream.ToArray();
    }

    /// <summary>Creates a root file system that a container can run in: busybox with a few names, and the payload as <c>/payload</c>.</summary>
    public static byte[] RootFileSystem(byte[] payload)
    {
        var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (string folder in (ReadOnlySpan<string>)["bin", "dev", "etc", "proc", "sys", "tmp"])
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.Directory, folder + "/") { Mode = Program, ModificationTime = Written });
            }
            AddFile(writer, "bin/busybox", File.ReadAllBytes(Busybox), Program);
            foreach (string name in (ReadOnlySpan<string>)["sh", "cat", "ls", "echo", "sha256sum"])
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, "bin/" + name) { LinkName = "busybox", ModificationTime = Written });
            }
            AddFile(writer, "etc/passwd", "root:x:0:0:root:/:/bin/sh\n"u8.ToArray(), ReadableFile);
            AddFile(writer, "payload", payload, ReadableFile);
        }
        return stream.ToArray();
    }

    /// <summary>Creates bytes that do not compress, different for each call.</summary>
    public static byte[] RandomPayload(int length = 64 * 1024) => RandomNumberGenerator.GetBytes(length);

    private static void AddFile(TarWriter writer, string path, byte[] content, UnixFileMode mode) =>
        writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path)
        {
            DataStream = new MemoryStream(content),
            Mode = mode,
            ModificationTime = Written,
        });
}
