using System.Buffers;

namespace Registry.Server.Transport;

/// <summary>
/// Pool of pinned memory for sockets, in four sizes. Most requests fit in the smallest; the larger ones are for connections that stream.
/// Returned blocks are kept for reuse, since new memory costs a page fault every 4 KiB, and the runtime frees pinned memory late: blocks that were
/// dropped after each burst would soon take more than those in use. <see cref="Trim"/> drops those that were not needed for a while.
/// </summary>
/// <param name="maxLargeBytes">
/// When large blocks in use exceed this number of bytes, connections use small ones: memory is bounded in total, not only per connection. Together
/// with those that are kept, they do not exceed it either.
/// </param>
internal sealed class BlockPool(long maxLargeBytes) : MemoryPool<byte>
{
    /// <summary>Size of the smallest block, in bytes.</summary>
    public const int SmallestBlock = 4 * 1024;

    /// <summary>Size of the largest block, in bytes.</summary>
    public const int LargestBlock = 1024 * 1024;

    private readonly SizeClass[] _classes =
    [
        new(SmallestBlock),
        new(32 * 1024),
        new(256 * 1024),
        new(LargestBlock),
    ];

    private long _rented;
    private long _large;

    /// <inheritdoc/>
    public override int MaxBufferSize => LargestBlock;

    /// <summary>Number of blocks in use. After all connections have closed, it must return to its initial value; otherwise there is a leak.</summary>
    public long Rented => Interlocked.Read(ref _rented);

    /// <summary>Bytes of the large blocks in use.</summary>
    public long LargeBytes => Interlocked.Read(ref _large);

    /// <summary>Bytes of large blocks above which the pool is crowded.</summary>
    public long MaxLargeBytes => maxLargeBytes;

    /// <summary>Number of bytes that are kept for reuse.</summary>
    public long Kept => KeptOf(_classes);

    /// <summary>True when so much memory is in use that connections should request only what they need.</summary>
    public bool IsCrowded => Interlocked.Read(ref _large) >= maxLargeBytes;

    /// <summary>Rents a block of at least a number of bytes; of the smallest size by default.</summary>
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

    /// <summary>Drops the blocks that were not needed since the last call.</summary>
    public void Trim()
    {
        foreach (var size in _classes)
        {
            size.Trim();
        }
    }

    protected override void Dispose(bool disposing)
    {
        // The garbage collector frees the blocks, including those that connections return later.
    }

    private void Return(Block block)
    {
        var size = block.Size;
        Interlocked.Decrement(ref _rented);
        Count(size, -size.BlockSize);
        if (size.BlockSize == SmallestBlock || LargeBytes + KeptOf(_classes.AsSpan(1)) + size.BlockSize <= maxLargeBytes)
        {
            size.Keep(block);
        }
    }

    private static long KeptOf(ReadOnlySpan<SizeClass> classes)
    {
        var kept = 0L;
        foreach (var size in classes)
        {
            kept += size.Kept;
        }

        return kept;
    }

    private void Count(SizeClass size, int bytes)
    {
        if (size.BlockSize > SmallestBlock)
        {
            Interlocked.Add(ref _large, bytes);
        }
    }

    // A stack, because the block that was returned last is still in the processor's cache.
    private sealed class SizeClass(int blockSize)
    {
        private readonly Lock _lock = new();
        private readonly Stack<Block> _free = new();
        private int _spare;
        private long _kept;

        public int BlockSize { get; } = blockSize;

        public long Kept => Volatile.Read(ref _kept);

        public Block? TryTake()
        {
            lock (_lock)
            {
                var isFound = _free.TryPop(out var block);
                _spare = Math.Min(_spare, _free.Count);
                Volatile.Write(ref _kept, (long)_free.Count * BlockSize);
                return isFound ? block : null;
            }
        }

        public void Trim()
        {
            lock (_lock)
            {
                for (; _spare > 0; _spare--)
                {
                    _free.Pop();
                }

                _spare = _free.Count;
                Volatile.Write(ref _kept, (long)_free.Count * BlockSize);
            }
        }

        public void Keep(Block block)
        {
            lock (_lock)
            {
                _free.Push(block);
                Volatile.Write(ref _kept, (long)_free.Count * BlockSize);
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
