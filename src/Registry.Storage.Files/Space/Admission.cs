using Registry.Core.Storage;

namespace Registry.Storage.Files.Space;

/// <summary>
/// Refuses new content that could not be kept. Checks of the disk run on a storage thread; a recent result is used without another check.
/// </summary>
public sealed class Admission(StorageThreads threads, StorageHealth health, DiskReserve reserve)
{
    /// <summary>Refuses while writes have stopped, or while the remaining space is for deletes.</summary>
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

    /// <summary>Same check, for a caller that is already on a storage thread.</summary>
    /// <exception cref="StorageException">As for <see cref="EnsureRoomAsync"/>.</exception>
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
