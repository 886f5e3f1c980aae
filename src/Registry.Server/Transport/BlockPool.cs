using System.Buffers;

namespace Registry.Server.Transport;

/// <summary>
/// Pinned memory for sockets, in four sizes. Most requests fit in the smallest; the larger ones are for connections that stream. What comes
/// back is kept for the next one, within a bound, since memory that is touched for the first time costs a page fault every 4 KiB.
/// </summary>
internal sealed class BlockPool : MemoryPool<byte>
{
    /// <summary>The size of the smallest block, in bytes.</summary>
    public const int SmallestBlock = 4 * 1024;

    /// <summary>The size of the largest block, in bytes.</summary>
    public const int LargestBlock = 1024 * 1024;

    // Beyond this much in large blocks at work, connections stay with small ones: memory is bounded in total, not only per connection.
    private const long MaxLargeBytes = 64L * 1024 * 1024;

    private readonly SizeClass[] _classes =
    [
        new(SmallestBlock, kept: 1024),
        new(32 * 1024, kept: 64),
        new(256 * 1024, kept: 32),
        new(LargestBlock, kept: 16),
    ];

    private long _rented;
    private long _large;

    /// <inheritdoc/>
    public override int MaxBufferSize => LargestBlock;

    /// <summary>How many blocks are at work. Back at what it was when all connections are closed, or there is a leak.</summary>
    public long Rented => Interlocked.Read(ref _rented);

    /// <summary>Whether so much is at work that nobody should ask for more than he needs.</summary>
    public bool IsCrowded => Interlocked.Read(ref _large) >= MaxLargeBytes;

    /// <summary>A block of at least so many bytes; of the smallest size without a wish.</summary>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        foreach (var size in _classes)
        {
            if (minBufferSize <= size.BlockSize)
            {
                var block = size.TryTake() ?? new Block(this, size);
                block.Lend();
                Interlocked.Increment(ref _rented);
                Count(size, size.BlockSize);
                return block;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(minBufferSize), minBufferSize, $"at most {LargestBlock} bytes");
    }

    protected override void Dispose(bool disposing)
    {
        // The blocks are the garbage collector's; connections that still end return theirs to nobody.
    }

    private void Return(Block block)
    {
        var size = block.Size;
        Interlocked.Decrement(ref _rented);
        Count(size, -size.BlockSize);
        size.Keep(block);
    }

    private void Count(SizeClass size, int bytes)
    {
        if (size.BlockSize > SmallestBlock)
        {
            Interlocked.Add(ref _large, bytes);
        }
    }

    // A stack, because the block that came back last is the one that is still in the processor's cache.
    private sealed class SizeClass(int blockSize, int kept)
    {
        private readonly Lock _lock = new();
        private readonly Stack<Block> _free = new();

        public int BlockSize { get; } = blockSize;

        public Block? TryTake()
        {
            lock (_lock)
            {
                return _free.TryPop(out var block) ? block : null;
            }
        }

        public void Keep(Block block)
        {
            lock (_lock)
            {
                if (_free.Count < kept)
                {
                    _free.Push(block);
                }
            }
        }
    }

    private sealed class Block(BlockPool pool, SizeClass size) : IMemoryOwner<byte>
    {
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(size.BlockSize, pinned: true);
        private int _isLent;

        public SizeClass Size { get; } = size;

        public Memory<byte> Memory => _bytes;

        public void Lend() => Volatile.Write(ref _isLent, 1);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLent, 0) == 1)
            {
                pool.Return(this);
            }
        }
    }
}
