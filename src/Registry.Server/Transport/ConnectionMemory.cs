using System.Buffers;

namespace Registry.Server.Transport;

/// <summary>
/// The memory pool of one connection, as Kestrel sees it. Kestrel asks for 4 KiB whatever it is about; while the connection streams it gets
/// larger blocks, so that a chunked body, which Kestrel copies out of its chunks, is not cut into small pieces.
/// </summary>
internal sealed class ConnectionMemory(BlockPool pool) : MemoryPool<byte>
{
    private const int StreamingBlock = 256 * 1024;

    /// <summary>Whether much arrives at the moment.</summary>
    public bool IsStreaming { get; set; }

    public override int MaxBufferSize => pool.MaxBufferSize;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) =>
        pool.Rent(IsStreaming && !pool.IsCrowded ? Math.Max(StreamingBlock, minBufferSize) : minBufferSize);

    protected override void Dispose(bool disposing)
    {
        // The blocks belong to the pool of all connections.
    }
}
