using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Storage;

namespace Registry.Core.Blobs;

/// <summary>
/// Bytes of a blob that a caller has opened: in memory, in a file, or wherever else a store keeps them. They stay readable until the source is disposed,
/// even if the blob is deleted or replaced meanwhile.
/// </summary>
/// <remarks>
/// The caller that opened a source owns it and disposes it. <see cref="CopyToAsync"/> works for every source; the other members are shorter ways, for the
/// sources that have them. One copy runs at a time.
/// </remarks>
public abstract class BlobSource : IAsyncDisposable
{
    /// <summary>
    /// Size of the largest content that is read into memory, in bytes. Up to it, copying costs less than opening the file a second time for
    /// sending, and the array is still an ordinary object to the garbage collector.
    /// </summary>
    public const int MaxInMemory = 64 * 1024;

    // Piece of content that is read as a whole.
    private const int PieceSize = 64 * 1024;

    /// <summary>Size in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>False while the digest of the bytes is not known to be right. The last byte comes only when it is.</summary>
    public virtual bool IsVerified => true;

    /// <summary>Address from which a client may fetch the bytes by itself for a while, without credentials; null if there is none.</summary>
    public virtual Uri? Location => null;

    /// <summary>
    /// True if the bytes from a position on may still be arriving, so that <see cref="WaitAsync"/> tells where those are that have. <see cref="CopyToAsync"/> waits for them, too.
    /// </summary>
    public virtual bool IsArriving(long offset) => false;

    /// <summary>Waits until a byte has arrived.</summary>
    /// <param name="offset">Its position.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A source that has it, which this one disposes, and the number of bytes that it has from the beginning on.</returns>
    public virtual ValueTask<(BlobSource Source, long Available)> WaitAsync(long offset, CancellationToken cancellationToken) => new((this, Length));

    /// <summary>Returns the bytes if they are in memory.</summary>
    public virtual bool TryGetMemory(out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        return false;
    }

    /// <summary>Returns the open file if the bytes are a file, so that the kernel can send it. The source closes it.</summary>
    public virtual bool TryGetFile([NotNullWhen(true)] out SafeFileHandle? file)
    {
        file = null;
        return false;
    }

    /// <summary>
    /// Copies a range. Writes as much as the destination's memory takes, and flushes it before it asks for more; the last bytes are left for the caller to
    /// flush, who may have more to write. Ends early when the destination's reader has completed.
    /// </summary>
    /// <param name="destination">Receives the bytes.</param>
    /// <param name="offset">Position of the first byte.</param>
    /// <param name="count">Number of bytes; the range lies within the content.</param>
    /// <param name="cancellationToken">Stops copying.</param>
    /// <exception cref="StorageException">The bytes cannot be read, or end too early.</exception>
    public abstract Task CopyToAsync(PipeWriter destination, long offset, long count, CancellationToken cancellationToken = default);

    /// <summary>Reads small content, such as a manifest, as a whole.</summary>
    /// <inheritdoc cref="CopyToAsync"/>
    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken = default) => ReadAsync(checked((int)Length), cancellationToken);

    /// <summary>Reads the beginning.</summary>
    /// <param name="count">Number of bytes, which the content has.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="StorageException">The bytes cannot be read, or end too early.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(int count, CancellationToken cancellationToken = default)
    {
        if (TryGetMemory(out var bytes))
        {
            return bytes[..count];
        }

        var content = new byte[count];
        var writer = PipeWriter.Create(new MemoryStream(content), new StreamPipeWriterOptions(minimumBufferSize: PieceSize));
        await CopyToAsync(writer, 0, content.Length, cancellationToken);
        await writer.CompleteAsync();
        return content;
    }

    /// <summary>Releases what the source holds.</summary>
    public abstract ValueTask DisposeAsync();
}
