using System.Net;

namespace Registry.Storage.S3.Requests;

/// <summary>Body of a request, from memory. Each piece that the connection takes is a sign of life.</summary>
internal sealed class S3Content : HttpContent
{
    // A slow connection takes this within the time-out.
    private const int MaxPiece = 256 * 1024;

    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _pieces;
    private readonly Action<int> _taken;
    private readonly long _length;

    /// <param name="pieces">The bytes, which do not change until the request has ended.</param>
    /// <param name="md5">Checksum of the bytes; null for none.</param>
    /// <param name="taken">Is called with the size of each piece after the connection has taken it.</param>
    public S3Content(IReadOnlyList<ReadOnlyMemory<byte>> pieces, byte[]? md5, Action<int> taken)
    {
        (_pieces, _taken) = (pieces, taken);
        _length = pieces.Sum(piece => (long)piece.Length);
        Headers.ContentLength = _length;
        Headers.ContentMD5 = md5;
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        foreach (var piece in _pieces)
        {
            for (var left = piece; !left.IsEmpty;)
            {
                var count = Math.Min(left.Length, MaxPiece);
                await stream.WriteAsync(left[..count], cancellationToken);
                _taken(count);
                left = left[count..];
            }
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }
}
