using System.Formats.Tar;
using Microsoft.Win32.SafeHandles;

namespace Registry.Images.Layouts;

/// <summary>
/// A layout in a tar archive. Nothing is unpacked: the positions of the files in the archive are recorded, and the files are read from there. Names
/// that lead out of the layout, and links, therefore have no effect.
/// </summary>
internal sealed class TarSource : ILayoutSource
{
    // No file of a layout has a longer name: blobs/sha512/ and 128 digits.
    private const int MaxNameLength = 256;

    private readonly FileStream _archive;
    private readonly int _maxEntries;
    private readonly Dictionary<string, (long Offset, long Length)> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _others = new(StringComparer.Ordinal);

    /// <summary>Reads the entries of an archive, and takes ownership of the stream.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="maxEntries">Number of entries that are accepted; each takes some hundred bytes of memory.</param>
    /// <exception cref="LayoutException">The file is not a tar archive, or is damaged.</exception>
    public TarSource(FileStream archive, int maxEntries)
    {
        (_archive, _maxEntries) = (archive, maxEntries);
        try
        {
            ReadEntries();
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or ArgumentException)
        {
            throw new LayoutException($"is not a tar archive, or is damaged ({e.Message.TrimEnd('.')}); decompress a compressed archive first", e);
        }
    }

    public long? Find(string path) =>
        _files.TryGetValue(path, out var file) ? file.Length
        : _others.Contains(path) ? throw new LayoutException($"has a {path} that is not a regular file")
        : null;

    public Stream Open(string path) => _files.TryGetValue(path, out var file)
        ? new Part(_archive.SafeFileHandle, file.Offset, file.Length)
        : throw new LayoutException($"has no {path}");

    public void Dispose() => _archive.Dispose();

    private void ReadEntries()
    {
        using var reader = new TarReader(new TarHeaderLimit(_archive), leaveOpen: true);
        for (var count = 0; reader.GetNextEntry() is { } entry; count++)
        {
            if (count == _maxEntries)
            {
                throw new LayoutException($"has more than {_maxEntries} entries");
            }

            if (entry.EntryType is TarEntryType.Directory or TarEntryType.GlobalExtendedAttributes)
            {
                continue;
            }

            // As in every tar archive, the last entry of a name counts.
            var name = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
            if (name.Length > MaxNameLength)
            {
                continue;
            }

            _files.Remove(name);
            _others.Remove(name);
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
            {
                _others.Add(name);
            }
            else if (entry.Length == 0 || entry.Length <= _archive.Length - entry.DataOffset)
            {
                _files[name] = (entry.DataOffset, entry.Length);
            }
            else
            {
                throw new LayoutException($"is cut short: {name} is incomplete");
            }
        }
    }

    // Reads without moving the position of the archive.
    private sealed class Part(SafeFileHandle archive, long offset, long length) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var wanted = (int)Math.Min(buffer.Length, length - _position);
            var count = wanted == 0 ? 0 : RandomAccess.Read(archive, buffer[..wanted], offset + _position);
            _position += count;
            return count;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ValueTask.FromResult(Read(buffer.Span));
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
