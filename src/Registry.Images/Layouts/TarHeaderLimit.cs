namespace Registry.Images.Layouts;

/// <summary>
/// Limits the headers of an archive for the library that reads it. The library holds the extended headers of an entry in memory (pax attributes,
/// and GNU's long names), whatever size they claim; one larger than <see cref="MaxSize"/> is refused before it is read.
/// </summary>
internal sealed class TarHeaderLimit(FileStream archive) : Stream
{
    /// <summary>Size of the largest extended header, in bytes: 1 MiB. Linux has no path longer than 4 KiB.</summary>
    public const int MaxSize = 1024 * 1024;

    // POSIX.1-2017, pax, "ustar Interchange Format".
    private const int BlockSize = 512;
    private const int SizeOffset = 124;
    private const int SizeLength = 12;
    private const int TypeOffset = 156;

    // End of the content of the last extended header: a block of it may look like a header.
    private long _contentEnd;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => archive.Length;

    public override long Position
    {
        get => archive.Position;
        set => archive.Position = value;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var start = archive.Position;
        var count = archive.Read(buffer);
        if (buffer.Length == BlockSize && count == BlockSize && start >= _contentEnd && IsExtended(buffer[TypeOffset]))
        {
            var size = SizeOf(buffer.Slice(SizeOffset, SizeLength));
            if (size > MaxSize)
            {
                throw new LayoutException($"has a header of more than {MaxSize} bytes at offset {start}; no archive of images has one");
            }

            _contentEnd = start + BlockSize + size;
        }

        return count;
    }

    public override long Seek(long offset, SeekOrigin origin) => archive.Seek(offset, origin);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    // Attributes of the next entry and of all that follow (pax), a long name and a long link (GNU).
    private static bool IsExtended(byte type) => type is (byte)'x' or (byte)'g' or (byte)'L' or (byte)'K';

    // Octal digits; or binary when the highest bit is set, which GNU does for sizes of 8 GiB and more. Saturates above MaxSize.
    private static long SizeOf(ReadOnlySpan<byte> field)
    {
        var isBinary = (field[0] & 0x80) != 0;
        long size = 0;
        for (var i = 0; i < field.Length && size <= MaxSize; i++)
        {
            if (isBinary)
            {
                size = (size << 8) | (i == 0 ? field[i] & 0x7Fu : field[i]);
            }
            else if (field[i] is >= (byte)'0' and <= (byte)'7')
            {
                size = (size << 3) | (uint)(field[i] - '0');
            }
        }

        return size;
    }
}
