using Microsoft.Extensions.Logging;

namespace Registry.Core.Storage;

/// <summary>
/// Whether the storage can be trusted with new data. A failed fsync means that the kernel has dropped data it had promised to write, and a
/// second attempt would report success for nothing: so writes stop for good, reads go on, and the operator decides. On a full disk only what is
/// new is turned away, and for as long as it is full.
/// </summary>
/// <param name="logger">Where the failure is said.</param>
/// <param name="ballast">What holds room for deletes; null for nothing.</param>
public sealed partial class StorageHealth(ILogger<StorageHealth> logger, StorageBallast? ballast = null)
{
    private string? _failure;

    /// <summary>Why nothing is written any more; null while all is well.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    /// <summary>Stops all writes until the process is restarted.</summary>
    public void Fail(string reason)
    {
        if (Interlocked.CompareExchange(ref _failure, reason, null) is null)
        {
            LogFailed(reason);
        }
    }

    /// <summary>Throws when writes have stopped.</summary>
    /// <exception cref="StorageException">The storage has failed before.</exception>
    public void ThrowIfFailed()
    {
        if (Failure is { } reason)
        {
            throw new StorageException($"Writes have stopped: {reason}");
        }
    }

    /// <summary>True while room for deletes is held; false when <see cref="ThrowIfClosed"/> has to ask the disk for it.</summary>
    public bool HasRoomForDeletes => ballast?.IsHeld is not false;

    /// <summary>
    /// Throws while no new content is taken: writes have stopped, or the room that is left is for deletes. May wait for the disk, so it
    /// runs on a storage thread.
    /// </summary>
    /// <exception cref="StorageException">The storage has failed before, or is full.</exception>
    public void ThrowIfClosed()
    {
        ThrowIfFailed();
        if (ballast?.TryHold() is false)
        {
            throw new StorageException("No space left on device except the reserve for deletes", isFull: true);
        }
    }

    /// <summary>Makes room on a full disk, at the expense of what is new.</summary>
    /// <returns>Whether there is room now that was not there before.</returns>
    public bool TryMakeRoom() => ballast?.Release() is true;

    [LoggerMessage(1, LogLevel.Critical,
        "Storage failure: writes have stopped, pulls continue: {Reason}. Check the disk, then restart the registry.")]
    private partial void LogFailed(string reason);
}
