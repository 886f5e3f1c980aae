using Microsoft.Extensions.Logging;

namespace Registry.Core.Storage;

/// <summary>
/// Decides whether the storage accepts new data. A failed fsync means that the kernel has dropped data it had promised to write, and that a
/// second attempt would report success without writing it. Writes therefore stop until a restart, reads continue, and the operator decides. On a
/// full disk, only new content is refused, and only while the disk is full.
/// </summary>
/// <param name="logger">Log of the failure.</param>
/// <param name="ballast">Reserve for deletes; null for none.</param>
public sealed partial class StorageHealth(ILogger<StorageHealth> logger, IBallast? ballast = null)
{
    private string? _failure;

    /// <summary>Reason why writes have stopped; null if they have not.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    /// <summary>Stops all writes until the process is restarted.</summary>
    public void Fail(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);

        // Messages of SQLite end in a full stop; this one becomes part of a sentence.
        reason = reason.TrimEnd('.');
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

    /// <summary>True while the reserve for deletes is held; false if <see cref="ThrowIfClosed"/> must ask the disk for it.</summary>
    public bool HasRoomForDeletes => ballast?.IsHeld is not false;

    /// <summary>
    /// Throws while new content is refused: writes have stopped, or the remaining space is for deletes. May wait for the disk, so it runs on a
    /// storage thread.
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

    /// <summary>Frees space on a full disk. New content is refused from then on.</summary>
    /// <returns>True if this has freed space.</returns>
    public bool TryMakeRoom() => ballast?.Release() is true;

    [LoggerMessage(1, LogLevel.Critical,
        "Storage failure: writes have stopped, pulls continue: {Reason}. Check the disk, then restart the registry.")]
    private partial void LogFailed(string reason);
}
