using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Images.Layouts;

namespace Registry.Images;

/// <summary>Bytes of a stored blob, from beginning to end. The digest is checked at the end.</summary>
internal sealed class VerifiedStream(BlobContent content, Digest digest) : Stream
{
    private readonly IncrementalHash _hash = digest.Algorithm.CreateHash();
    private readonly SafeFileHandle? _handle = content.Bytes is null ? content.Handle : null;
    private long _position;

    public override bool CanRead => true;

    // Only so that the length is known.
    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => content.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <exception cref="LayoutException">The whole blob has been read, and its digest does not match.</exception>
    public override int Read(Span<byte> buffer)
    {
        var wanted = (int)Math.Min(buffer.Length, Length - _position);
        if (wanted == 0)
        {
            return 0;
        }

        int count;
        if (_handle is null)
        {
            content.Bytes.AsSpan((int)_position, wanted).CopyTo(buffer);
            count = wanted;
        }
        else
        {
            count = RandomAccess.Read(_handle, buffer[..wanted], _position);
        }

        _hash.AppendData(buffer[..count]);
        _position += count;
        if (count == 0 || (_position == Length && Digest.FromHash(digest.Algorithm, _hash.GetCurrentHash()) != digest))
        {
            throw new LayoutException($"{digest} is damaged in the storage; pushing it again repairs it");
        }

        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Read(buffer.Span));
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            content.Dispose();
        }

        base.Dispose(disposing);
    }
}
