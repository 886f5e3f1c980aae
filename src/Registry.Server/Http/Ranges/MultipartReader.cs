using Registry.Core.Blobs;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Server.Http.Ranges;

/// <summary>
/// Reads the body of a response with several ranges in pieces: heads, bytes of the content, and the end. Many small parts cost one system call each to
/// read, and one for each piece to send.
/// </summary>
internal sealed class MultipartReader(MultipartRanges ranges, BlobContent content)
{
    private readonly byte[] _end = ranges.End;
    private int _part;
    private long _position;
    private bool _isHeadRead;

    /// <summary>True when everything has been read.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Bytes of the content that come next, behind their head or a part of them; null before a head and at the end.</summary>
    public ByteRange? Next => _isHeadRead ? new ByteRange(ranges.Parts[_part].Offset + _position, ranges.Parts[_part].Length - _position) : null;

    /// <summary>Skips the bytes of <see cref="Next"/>, which were sent otherwise.</summary>
    public void Skip() => BeginPart();

    /// <summary>Reads the next piece.</summary>
    /// <param name="memory">Receives the bytes; at least <see cref="MultipartRanges.MaxHead"/>.</param>
    /// <param name="maxPart">Number of bytes from which on a part is not read: reading ends behind its head.</param>
    /// <param name="mayWait">True to wait for the disk; otherwise reading ends where bytes are not in memory.</param>
    /// <returns>Number of read bytes.</returns>
    /// <exception cref="StorageException">The file cannot be read.</exception>
    public int Read(Span<byte> memory, long maxPart, bool mayWait)
    {
        var filled = 0;
        while (!IsOver && filled < memory.Length && !(Next is { } part && part.Length >= maxPart))
        {
            var count = ReadNext(memory[filled..], mayWait);
            if (count == 0)
            {
                break;
            }

            filled += count;
        }

        return filled;
    }

    private int ReadNext(Span<byte> room, bool mayWait)
    {
        if (Next is { } next)
        {
            var count = ReadContent(next.Offset, room[..(int)Math.Min(room.Length, next.Length)], mayWait);
            _position += count;
            if (count == next.Length)
            {
                BeginPart();
            }

            return count;
        }

        if (_part < ranges.Parts.Count)
        {
            _isHeadRead = room.Length >= MultipartRanges.MaxHead;
            return _isHeadRead ? ranges.WriteHead(ranges.Parts[_part], room) : 0;
        }

        IsOver = _end.AsSpan().TryCopyTo(room);
        return IsOver ? _end.Length : 0;
    }

    private void BeginPart()
    {
        _part++;
        _position = 0;
        _isHeadRead = false;
    }

    private int ReadContent(long offset, Span<byte> memory, bool mayWait)
    {
        if (content.Bytes is { } bytes)
        {
            bytes.AsSpan((int)offset, memory.Length).CopyTo(memory);
            return memory.Length;
        }

        try
        {
            if (!mayWait)
            {
                return OperatingSystem.IsLinux() ? PageCache.Read(content.Handle, memory, offset) : 0;
            }

            var count = RandomAccess.Read(content.Handle, memory, offset);
            return count > 0 ? count : throw new EndOfStreamException("The file is shorter than it was.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(e.Message, e);
        }
    }
}
