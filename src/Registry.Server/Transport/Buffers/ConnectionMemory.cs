using System.Buffers;

namespace Registry.Server.Transport.Buffers;

/// <summary>
/// Memory pool of one connection, for Kestrel. Kestrel always requests 4 KiB. While the connection streams, it gets larger blocks, so that a
/// chunked body, which Kestrel copies out of its chunks, is not cut into small pieces.
/// </summary>
internal sealed class ConnectionMemory(BlockPool pool) : MemoryPool<byte>
{
    private const int StreamingBlock = 256 * 1024;

    /// <summary>True while the connection receives much.</summary>
    public bool IsStreaming { get; set; }

    public override int MaxBufferSize => pool.MaxBufferSize;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) =>
        pool.Rent(IsStreaming && !pool.IsCrowded ? Math.Max(StreamingBlock, minBufferSize) : minBufferSize);

    protected override void Dispose(bool disposing)
    {
        // The pool of all connections owns the blocks.
    }
}
