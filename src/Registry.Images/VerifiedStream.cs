using System.IO.Pipelines;
using System.Security.Cryptography;
using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Images.Layouts;

namespace Registry.Images;

/// <summary>
/// Bytes of a stored blob, from beginning to end; the storage is read ahead. The digest is checked at the end. Disposing the stream disposes the source.
/// </summary>
internal sealed class VerifiedStream : Stream
{
    private static readonly PipeOptions Ahead = new(
        pauseWriterThreshold: 1024 * 1024, resumeWriterThreshold: 512 * 1024, minimumSegmentSize: 256 * 1024, useSynchronizationContext: false);

    private readonly BlobSource _source;
    private readonly Digest _digest;
    private readonly IncrementalHash _hash;
    private readonly Pipe _pipe = new(Ahead);
    private readonly Stream _bytes;
    private readonly Task _copying;
    private long _position;

    public VerifiedStream(BlobSource source, Digest digest)
    {
        _source = source;
        _digest = digest;
        _hash = digest.Algorithm.CreateHash();
        _bytes = _pipe.Reader.AsStream();
        _copying = CopyAsync();
    }

    /// <summary>Fault of the source, which reading has thrown; null if there was none.</summary>
    public Exception? Fault { get; private set; }

    public override bool CanRead => true;

    // Only so that the length is known.
    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => _source.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <exception cref="LayoutException">The whole blob has been read, and its digest does not match.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var wanted = (int)Math.Min(buffer.Length, Length - _position);
        if (wanted == 0)
        {
            return 0;
        }

        var count = await _bytes.ReadAsync(buffer[..wanted], cancellationToken);
        _hash.AppendData(buffer.Span[..count]);
        _position += count;
        if (count == 0 || (_position == Length && Digest.FromHash(_digest.Algorithm, _hash.GetCurrentHash()) != _digest))
        {
            throw new LayoutException($"{_digest} is damaged in the storage; pushing it again repairs it");
        }

        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        // Without its reader, the copy ends early.
        await _bytes.DisposeAsync();
        await _copying;
        await _source.DisposeAsync();
        _hash.Dispose();
        await base.DisposeAsync();
    }

    private async Task CopyAsync()
    {
        Exception? fault = null;
        try
        {
            await _source.CopyToAsync(_pipe.Writer, 0, _source.Length);
        }
#pragma warning disable CA1031 // The reader throws it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fault = fault = e;
        }

        await _pipe.Writer.CompleteAsync(fault);
    }
}
