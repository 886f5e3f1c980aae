using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Registry.Core.Oci;

namespace Registry.Server.Http;

/// <summary>
/// The body of an answer with several parts, <c>multipart/byteranges</c> (RFC 9110, section 14.6). Its length follows from the ranges, and each head
/// is written when its part is sent, so nothing but the ranges is in memory.
/// </summary>
internal sealed class MultipartRanges
{
    private readonly IReadOnlyList<ByteRange> _ranges;
    private readonly long _size;
    private readonly string _boundary = Guid.NewGuid().ToString("N");

    public MultipartRanges(IReadOnlyList<ByteRange> ranges, long size)
    {
        _ranges = ranges;
        _size = size;
        Span<byte> head = stackalloc byte[MaxHead];
        Length = End.Length;
        foreach (var range in ranges)
        {
            Length += WriteHead(range, head) + range.Length;
        }
    }

    /// <summary>The longest head of a part, in bytes: three numbers of 19 digits, and less than 150 bytes beside.</summary>
    public const int MaxHead = 256;

    /// <summary>
    /// Whether the body is larger than the whole file: many small parts weigh less than their heads. The whole is then the cheaper answer for
    /// either side, and no request makes the server send more than a plain GET would.
    /// </summary>
    public bool IsLargerThanWhole => Length > _size;

    /// <summary>The value of Content-Type.</summary>
    public string ContentType => $"multipart/byteranges; boundary={_boundary}";

    /// <summary>The length of the body in bytes.</summary>
    public long Length { get; }

    /// <summary>The parts, in the order in which they were asked for.</summary>
    public IReadOnlyList<ByteRange> Parts => _ranges;

    /// <summary>What follows the last part.</summary>
    public byte[] End => Encoding.ASCII.GetBytes($"\r\n--{_boundary}--\r\n");

    /// <summary>Writes what precedes a part.</summary>
    /// <param name="part">The part.</param>
    /// <param name="destination">At least <see cref="MaxHead"/> bytes.</param>
    /// <returns>How many bytes were written.</returns>
    public int WriteHead(ByteRange part, Span<byte> destination)
    {
        _ = Utf8.TryWrite(
            destination,
            CultureInfo.InvariantCulture,
            $"\r\n--{_boundary}\r\nContent-Type: {MediaTypes.OctetStream}\r\nContent-Range: bytes {part.Offset}-{part.Last}/{_size}\r\n\r\n",
            out var written);
        return written;
    }
}
