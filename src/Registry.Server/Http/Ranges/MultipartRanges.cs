using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Registry.Core.Oci;

namespace Registry.Server.Http.Ranges;

/// <summary>
/// Body of a response with several ranges, <c>multipart/byteranges</c> (RFC 9110, section 14.6). Its length follows from the ranges, and each
/// head is written when its part is sent, so only the ranges are in memory.
/// </summary>
internal sealed class MultipartRanges
{
    private readonly IReadOnlyList<ByteRange> _ranges;
    private readonly long _size;
    private readonly string _boundary = Guid.NewGuid().ToString("N");

    // A request may have 2,048 parts: what their heads have in common is formatted once.
    private readonly byte[] _headBegin;
    private readonly byte[] _headEnd;

    public MultipartRanges(IReadOnlyList<ByteRange> ranges, long size)
    {
        _ranges = ranges;
        _size = size;
        _headBegin = Encoding.ASCII.GetBytes($"\r\n--{_boundary}\r\nContent-Type: {MediaTypes.OctetStream}\r\nContent-Range: bytes ");
        _headEnd = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/{size}\r\n\r\n"));
        Span<byte> head = stackalloc byte[MaxHead];
        Length = End.Length;
        foreach (var range in ranges)
        {
            Length += WriteHead(range, head) + range.Length;
        }
    }

    /// <summary>Length of the longest head of a part, in bytes: three numbers of 19 digits, and less than 150 other bytes.</summary>
    public const int MaxHead = 256;

    /// <summary>
    /// True when the body is larger than the whole file, because the heads of many small parts outweigh the parts. The whole file is then
    /// cheaper for both sides, and no request makes the server send more than a plain GET.
    /// </summary>
    public bool IsLargerThanWhole => Length > _size;

    /// <summary>Value of Content-Type.</summary>
    public string ContentType => $"multipart/byteranges; boundary={_boundary}";

    /// <summary>Length of the body in bytes.</summary>
    public long Length { get; }

    /// <summary>Parts, in the order of the request.</summary>
    public IReadOnlyList<ByteRange> Parts => _ranges;

    /// <summary>End of the body, after the last part.</summary>
    public byte[] End => Encoding.ASCII.GetBytes($"\r\n--{_boundary}--\r\n");

    /// <summary>Writes the head of a part.</summary>
    /// <param name="part">The part.</param>
    /// <param name="destination">At least <see cref="MaxHead"/> bytes.</param>
    /// <returns>Number of written bytes.</returns>
    public int WriteHead(ByteRange part, Span<byte> destination)
    {
        _headBegin.CopyTo(destination);
        var written = _headBegin.Length;
        written += Write(part.Offset, destination[written..]);
        destination[written++] = (byte)'-';
        written += Write(part.Last, destination[written..]);
        _headEnd.CopyTo(destination[written..]);
        return written + _headEnd.Length;
    }

    private static int Write(long number, Span<byte> destination)
    {
        _ = Utf8Formatter.TryFormat(number, destination, out var written);
        return written;
    }
}
