namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// A small file that is written anew and takes the name of the old one when it is on the disk, so that there is always a whole one. It keeps the
/// old one's permissions and owner; where there was none, only its owner may read it, who is that of the folder when root makes it. While it is under way, nobody else can begin.
/// </summary>
internal sealed class FileReplacement : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly FileStream _stream;
    private bool _finished;

    private FileReplacement(string path, string temporary, FileStream stream)
    {
        _path = path;
        _temporary = temporary;
        _stream = stream;
    }

    /// <summary>Begins, by making the new file.</summary>
    /// <exception cref="IOException">It cannot be made, or another one is under way.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static FileReplacement Begin(string path)
    {
        var temporary = Temporary(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            // From the start: who opens it while it is empty could read what is written later.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            return new FileReplacement(path, temporary, new FileStream(temporary, options));
        }
        catch (IOException e) when (File.Exists(temporary))
        {
            throw new IOException($"{temporary} exists: another edit is in progress, or one was interrupted; if none is in progress, remove it", e);
        }
    }

    /// <summary>Begins where nobody else can be: what is under way was interrupted, and goes.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static FileReplacement BeginAnew(string path)
    {
        File.Delete(Temporary(path));
        return Begin(path);
    }

    /// <summary>Writes the content and gives it the name.</summary>
    /// <exception cref="IOException">It could not be written, and the old file is still there.</exception>
    public void Finish(ReadOnlySpan<byte> content)
    {
        if (OperatingSystem.IsLinux() && File.Exists(_path))
        {
            // The owner first: the system takes some permissions away when it changes.
            Posix.CopyOwner(_path, _stream.SafeFileHandle, _temporary);
            File.SetUnixFileMode(_stream.SafeFileHandle, File.GetUnixFileMode(_path));
        }
        else
        {
            FileOwner.Inherit(_stream.SafeFileHandle, _temporary);
        }

        _stream.Write(content);
        DurableFile.SyncData(_stream.SafeFileHandle, _temporary);
        _stream.Dispose();
        DurableFile.Rename(_temporary, _path);
        _finished = true;
        DurableFile.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
    }

    /// <summary>Gives up what was not finished.</summary>
    public void Dispose()
    {
        _stream.Dispose();
        if (!_finished)
        {
            File.Delete(_temporary);
        }
    }

    private static string Temporary(string path) => $"{path}.new";
}
