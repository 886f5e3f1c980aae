namespace Registry.Files;

/// <summary>
/// A file that the operator names: a file of users, rules or settings, or an archive. It may be reached through symbolic links, as mounted secrets
/// are. A pipe or a device in its place is refused and not opened: opening a pipe waits for a writer, and reading a device may never end.
/// </summary>
public static class OperatorFile
{
    /// <summary>Size of the largest file of users, keys, rules or settings, in bytes: 16 MiB.</summary>
    public const int MaxSize = 16 * 1024 * 1024;

    /// <summary>Returns the full path of the folder of a file, to which paths in the file are relative.</summary>
    public static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;

    /// <summary>Opens a regular file for reading. Never waits.</summary>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="IOException">The file cannot be opened, or is not a regular file; the message is a clause.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks the permission to read it.</exception>
    public static FileStream Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!OperatingSystem.IsLinux())
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }

        try
        {
            return new FileStream(Posix.OpenToWatch(path, out _), FileAccess.Read, bufferSize: 0);
        }
        catch (IOException e) when (Posix.IsAbsent(e))
        {
            throw new FileNotFoundException(e.Message, path, e);
        }
    }

    /// <summary>Reads a regular file as a whole.</summary>
    /// <exception cref="IOException">The file cannot be opened or read, is not a regular file, or is larger than <see cref="MaxSize"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks the permission to read it.</exception>
    public static byte[] Read(string path)
    {
        using var stream = Open(path);
        return Read(stream);
    }

    /// <summary>Reads the rest of a stream.</summary>
    /// <exception cref="IOException">The stream cannot be read, or more than <see cref="MaxSize"/> bytes are left.</exception>
    public static byte[] Read(Stream stream)
    {
        using var content = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (stream.Read(buffer) is var count && count > 0)
        {
            content.Write(buffer, 0, count);
            if (content.Length > MaxSize)
            {
                throw new IOException($"it has more than {MaxSize / 1024 / 1024} MiB");
            }
        }

        return content.ToArray();
    }
}
