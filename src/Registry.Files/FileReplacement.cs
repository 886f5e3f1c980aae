namespace Registry.Files;

/// <summary>
/// Replaces a small file: writes a new file, and gives it the name of the old one once it is on the disk, so that a complete file always exists. It
/// keeps the permissions and the owner of the old file. Without an old file, only the owner may read it; if root creates it, that is the owner
/// of the folder. Only one replacement of a file can be in progress.
/// </summary>
public sealed class FileReplacement : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly FileStream _stream;
    private readonly bool _isForGroup;
    private bool _finished;

    private FileReplacement(string path, string temporary, FileStream stream, bool isForGroup)
    {
        _path = path;
        _temporary = temporary;
        _stream = stream;
        _isForGroup = isForGroup;
    }

    /// <summary>Begins by creating the new file.</summary>
    /// <param name="path">The file to replace or to create.</param>
    /// <param name="isForGroup">True if the group may read a new file of root that has another group, as in a folder of settings.</param>
    /// <exception cref="IOException">The file cannot be created, or another replacement is in progress.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks the permission to write to the folder.</exception>
    public static FileReplacement Begin(string path, bool isForGroup = false)
    {
        var temporary = Temporary(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            // From the start: a process that opens the file while it is empty could read its content later.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            return new FileReplacement(path, temporary, new FileStream(temporary, options), isForGroup);
        }
        catch (IOException e) when (IoFault.IsExisting(e))
        {
            throw new IOException($"{temporary} exists: another edit is in progress, or one was interrupted; if none is in progress, remove it", e);
        }
    }

    /// <summary>Begins where no other process can: removes the file of an interrupted replacement.</summary>
    /// <exception cref="IOException">The file cannot be created.</exception>
    public static FileReplacement BeginAnew(string path)
    {
        File.Delete(Temporary(path));
        return Begin(path);
    }

    /// <summary>Writes the content, and gives the file its name.</summary>
    /// <exception cref="IOException">The content could not be written, and the old file still exists.</exception>
    public void Finish(ReadOnlySpan<byte> content)
    {
        if (OperatingSystem.IsLinux() && File.Exists(_path))
        {
            // The owner first: the system drops some permissions when it changes.
            Posix.CopyOwner(_path, _stream.SafeFileHandle, _temporary);
            File.SetUnixFileMode(_stream.SafeFileHandle, File.GetUnixFileMode(_path));
        }
        else
        {
            FileOwner.Inherit(_stream.SafeFileHandle, _temporary);
            if (_isForGroup)
            {
                FileOwner.LetGroupOfServiceRead(_stream.SafeFileHandle, _temporary);
            }
        }

        _stream.Write(content);
        DurableFile.SyncData(_stream.SafeFileHandle, _temporary);
        _stream.Dispose();
        DurableFile.Rename(_temporary, _path);
        _finished = true;
        DurableFile.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
    }

    /// <summary>Discards an unfinished replacement.</summary>
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
