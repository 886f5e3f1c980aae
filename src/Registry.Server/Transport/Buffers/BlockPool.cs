using System.Buffers;

namespace Registry.Server.Transport.Buffers;

/// <summary>
/// Pool of memory for sockets, in four sizes. Most requests fit in the smallest; the larger ones are for connections that stream. Returned blocks are kept for
/// reuse, since new memory costs a page fault every 4 KiB. <see cref="Trim"/> gives those back to the system that were not needed for a while.
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
    private long _bytes;
    private long _large;

    /// <inheritdoc/>
    public override int MaxBufferSize => LargestBlock;

    /// <summary>Number of blocks in use. After all connections have closed, it must return to its initial value; otherwise there is a leak.</summary>
    public long Rented => Interlocked.Read(ref _rented);

    /// <summary>Bytes of the blocks in use.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

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
                var block = size.Take(this);
                block.Lend();
                Interlocked.Increment(ref _rented);
                Count(size, size.BlockSize);
                return block;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(minBufferSize), minBufferSize, $"at most {LargestBlock} bytes");
    }

    /// <summary>Gives the blocks that were not needed since the last call back to the system.</summary>
    public void Trim()
    {
        foreach (var size in _classes)
        {
            size.Trim();
        }
    }

    protected override void Dispose(bool disposing)
    {
        // The memory is freed with the last block, since connections may return some later.
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
        else
        {
            size.Release(block);
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
        Interlocked.Add(ref _bytes, bytes);
        if (size.BlockSize > SmallestBlock)
        {
            Interlocked.Add(ref _large, bytes);
        }
    }

    // Stacks, because the block that was returned last is still in the processor's cache.
    private sealed class SizeClass(int blockSize)
    {
        private readonly Lock _lock = new();
        private readonly Stack<Block> _kept = new();

        // Blocks without memory.
        private readonly Stack<Block> _released = new();
        private int _spare;
        private long _keptBytes;

        public int BlockSize { get; } = blockSize;

        public long Kept => Volatile.Read(ref _keptBytes);

        public Block Take(BlockPool pool)
        {
            lock (_lock)
            {
                if (_kept.TryPop(out var block))
                {
                    _spare = Math.Min(_spare, _kept.Count);
                    CountKept();
                    return block;
                }

                _spare = 0;
                if (_released.Count == 0)
                {
                    Add(pool);
                }

                return _released.Pop();
            }
        }

        public void Trim()
        {
            List<Block> spare = [];
            lock (_lock)
            {
                for (; _spare > 0; _spare--)
                {
                    spare.Add(_kept.Pop());
                }

                _spare = _kept.Count;
                CountKept();
            }

            spare.ForEach(Release);
        }

        public void Keep(Block block)
        {
            lock (_lock)
            {
                _kept.Push(block);
                CountKept();
            }
        }

        public void Release(Block block)
        {
            block.Release();
            lock (_lock)
            {
                _released.Push(block);
            }
        }

        private void Add(BlockPool pool)
        {
            var slab = new BlockSlab();
            for (var offset = 0; offset < BlockSlab.Size; offset += BlockSize)
            {
                _released.Push(new Block(pool, this, slab, offset));
            }
        }

        private void CountKept() => Volatile.Write(ref _keptBytes, (long)_kept.Count * BlockSize);
    }

    private sealed class Block(BlockPool pool, SizeClass size, BlockSlab slab, int offset) : MemoryManager<byte>
    {
        private int _isLent;

        public SizeClass Size { get; } = size;

        public override Memory<byte> Memory => CreateMemory(Size.BlockSize);

        public void Lend() => Volatile.Write(ref _isLent, 1);

        public void Release() => slab.Release(offset, Size.BlockSize);

        public override unsafe Span<byte> GetSpan() => new(slab.At(offset), Size.BlockSize);

        // It does not move; the handle keeps it reachable.
        public override unsafe MemoryHandle Pin(int elementIndex = 0) => new(slab.At(offset + elementIndex), pinnable: this);

        public override void Unpin()
        {
            // Nothing was pinned.
        }

        protected override void Dispose(bool disposing)
        {
            if (Interlocked.Exchange(ref _isLent, 0) == 1)
            {
                pool.Return(this);
            }
        }
    }
}
