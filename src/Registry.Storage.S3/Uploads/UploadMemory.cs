using System.Buffers;

namespace Registry.Storage.S3.Uploads;

/// <summary>
/// Memory for the bytes of all uploads of this process that wait until they are enough for a part. An upload that finds none for a second has another put its
/// bytes away: the one whose client has sent nothing for the longest time.
/// </summary>
/// <param name="size">Limit in bytes.</param>
/// <param name="patience">Time for which an upload waits before another must give way.</param>
internal sealed class UploadMemory(long size, TimeSpan patience) : IDisposable
{
    /// <summary>Size of a block in bytes.</summary>
    public const int BlockSize = 256 * 1024;

    private readonly int _blocks = BlocksOf(size);
    private readonly SemaphoreSlim _free = new(BlocksOf(size));
    private readonly SemaphoreSlim _reload = new(1);
    private readonly Lock _lock = new();

    // The one that has used memory most recently is the last.
    private readonly LinkedList<IBlockHolder> _holders = new();

    /// <summary>Number of blocks that no upload has.</summary>
    public int Free => _free.CurrentCount;

    /// <summary>Limit in bytes.</summary>
    public long Limit => (long)_blocks * BlockSize;

    /// <summary>Bytes that uploads have.</summary>
    public long Used => (long)(_blocks - Free) * BlockSize;

    /// <summary>Takes a block, if one is free.</summary>
    public byte[]? TryRent() => _free.Wait(0) ? ArrayPool<byte>.Shared.Rent(BlockSize) : null;

    /// <summary>Waits for a block; null if none has become free in time.</summary>
    public async ValueTask<byte[]?> TryRentAsync() => await _free.WaitAsync(patience) ? ArrayPool<byte>.Shared.Rent(BlockSize) : null;

    /// <summary>Returns a block.</summary>
    public void Return(byte[] block)
    {
        ArrayPool<byte>.Shared.Return(block);
        _free.Release();
    }

    /// <summary>Waits until no other upload takes back bytes that it has put away, and keeps others waiting until the result is disposed.</summary>
    public async ValueTask<IDisposable> BeginReloadAsync()
    {
        await _reload.WaitAsync();
        return new Reload(_reload);
    }

    /// <summary>Notes that an upload has memory, and is in use.</summary>
    public void Touch(LinkedListNode<IBlockHolder> holder)
    {
        lock (_lock)
        {
            if (holder.List is not null)
            {
                _holders.Remove(holder);
            }

            _holders.AddLast(holder);
        }
    }

    /// <summary>Notes that an upload has no memory.</summary>
    public void Leave(LinkedListNode<IBlockHolder> holder)
    {
        lock (_lock)
        {
            if (holder.List is not null)
            {
                _holders.Remove(holder);
            }
        }
    }

    /// <summary>Has an upload that is not in use put its bytes away.</summary>
    /// <returns>False if there is none.</returns>
    public async Task<bool> ReclaimAsync()
    {
        List<IBlockHolder> holders;
        lock (_lock)
        {
            holders = [.. _holders];
        }

        foreach (var holder in holders)
        {
            if (await holder.TryGiveWayAsync())
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _free.Dispose();
        _reload.Dispose();
    }

    private static int BlocksOf(long size) => (int)Math.Max(1, size / BlockSize);

    private sealed class Reload(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
