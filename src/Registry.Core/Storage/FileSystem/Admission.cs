namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Refuses new content that could not be kept. Questions to the disk run on a storage thread; while the last answer counts, none is asked.
/// </summary>
internal sealed class Admission(StorageThreads threads, StorageHealth health, DiskReserve reserve)
{
    /// <summary>Refuses while writes have stopped, or the room that is left is for deletes.</summary>
    /// <exception cref="StorageException">Writes have stopped, or the disk is full.</exception>
    public ValueTask EnsureOpenAsync()
    {
        health.ThrowIfFailed();
        return health.HasRoomForDeletes ? ValueTask.CompletedTask : new ValueTask(threads.RunAsync(health.ThrowIfClosed));
    }

    /// <summary>Refuses as <see cref="EnsureOpenAsync"/> does, and while the disk is full up to its reserve.</summary>
    /// <exception cref="StorageException">Writes have stopped, the disk is full, or the reserve is reached.</exception>
    public ValueTask EnsureRoomAsync()
    {
        health.ThrowIfFailed();
        if (health.HasRoomForDeletes && reserve.TryGetRecent(out var refusal))
        {
            ThrowIfReached(refusal);
            return ValueTask.CompletedTask;
        }

        return new ValueTask(threads.RunAsync(EnsureRoom));
    }

    /// <summary>The same, on a storage thread already.</summary>
    /// <exception cref="StorageException">As of <see cref="EnsureRoomAsync"/>.</exception>
    public void EnsureRoom()
    {
        health.ThrowIfClosed();
        ThrowIfReached(reserve.Ask());
    }

    private static void ThrowIfReached(string? refusal)
    {
        if (refusal is not null)
        {
            throw new StorageException(refusal, isFull: true);
        }
    }
}
