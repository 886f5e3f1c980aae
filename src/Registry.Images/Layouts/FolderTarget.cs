using Registry.Files;

namespace Registry.Images.Layouts;

/// <summary>A layout in a new or empty folder. It is written next to the folder, and renamed at the end.</summary>
internal sealed class FolderTarget : ILayoutTarget
{
    private const int BufferSize = 1024 * 1024;

    private readonly string _target;
    private readonly string _temporary;
    private bool _isFinished;

    /// <exception cref="LayoutException">The folder is in use.</exception>
    public FolderTarget(string target)
    {
        _target = Path.GetFullPath(target).TrimEnd(Path.DirectorySeparatorChar);
        _temporary = $"{_target}.unfinished-{Guid.NewGuid():N}";
        if (File.Exists(_target) || (Directory.Exists(_target) && Directory.EnumerateFileSystemEntries(_target).Any()))
        {
            throw new LayoutException($"{_target} is not empty; choose a new folder");
        }

        Directory.CreateDirectory(_temporary);
    }

    public async Task WriteAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        var file = Path.Combine(_temporary, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await using var output = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        await content.CopyToAsync(output, BufferSize, cancellationToken);
    }

    public Task FinishAsync(CancellationToken cancellationToken)
    {
        DurableFile.SyncFileSystem(_temporary);
        if (Directory.Exists(_target))
        {
            // Fails if another process has put something into it meanwhile.
            Directory.Delete(_target);
        }

        DurableFile.Rename(_temporary, _target);
        _isFinished = true;
        DurableFile.SyncDirectory(Path.GetDirectoryName(_target)!);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        if (!_isFinished)
        {
            Directory.Delete(_temporary, recursive: true);
        }

        return ValueTask.CompletedTask;
    }
}
