using System.Formats.Tar;
using Registry.Files;

namespace Registry.Images.Layouts;

/// <summary>A layout in a tar archive, in a file or a stream. The same images give the same bytes.</summary>
internal sealed class TarTarget : ILayoutTarget
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly Stream _stream;
    private readonly TarWriter _writer;
    private readonly string? _target;
    private readonly string? _temporary;
    private bool _isFinished;

    /// <summary>Writes an archive into a stream, which stays open. An incomplete archive has no index, and so is not a layout.</summary>
    public TarTarget(Stream stream)
    {
        _stream = stream;
        _writer = new TarWriter(stream, TarEntryFormat.Gnu, leaveOpen: true);
    }

    /// <summary>Writes an archive into a file, which is replaced at the end.</summary>
    public TarTarget(string target)
    {
        _target = Path.GetFullPath(target);
        _temporary = $"{_target}.unfinished-{Guid.NewGuid():N}";
        _stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        _writer = new TarWriter(_stream, TarEntryFormat.Gnu, leaveOpen: true);
    }

    public Task WriteAsync(string path, Stream content, CancellationToken cancellationToken) => _writer.WriteEntryAsync(
        new GnuTarEntry(TarEntryType.RegularFile, path) { DataStream = content, Mode = Mode, ModificationTime = DateTimeOffset.UnixEpoch },
        cancellationToken);

    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        await _writer.DisposeAsync();
        await _stream.FlushAsync(cancellationToken);
        if (_target is null)
        {
            return;
        }

        DurableFile.SyncData(((FileStream)_stream).SafeFileHandle, _temporary!);
        await _stream.DisposeAsync();
        DurableFile.Rename(_temporary!, _target);
        _isFinished = true;
        DurableFile.SyncDirectory(Path.GetDirectoryName(_target)!);
    }

    public async ValueTask DisposeAsync()
    {
        if (_target is not null && !_isFinished)
        {
            await _stream.DisposeAsync();
            File.Delete(_temporary!);
        }
    }
}
