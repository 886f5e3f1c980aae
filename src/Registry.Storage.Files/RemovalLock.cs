using Registry.Files;

namespace Registry.Storage.Files;

/// <summary>
/// Prevents the removal of stored bytes while another process reads the data folder: a backup holds the lock shared, a removal takes it
/// exclusively. The system releases the lock when a process ends, in any way, so a killed backup blocks nothing.
/// </summary>
public static class RemovalLock
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(50);

    /// <summary>Creates the file, so that it belongs to the process that uses the folder, and not to the first backup.</summary>
    internal static void Create(DataPaths paths) => FileOwner.CreateFile(paths.RemovalLockFile);

    /// <summary>Begins to read: from now on no bytes are removed. Waits for a removal in progress, which takes seconds at most.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static async Task<IDisposable> HoldAsync(DataPaths paths, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryOpen(paths, FileShare.Read) is { } held)
            {
                return held;
            }

            await Task.Delay(RetryDelay, time, cancellationToken);
        }
    }

    /// <summary>Begins a removal; null while another process reads.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    internal static IDisposable? TryTake(DataPaths paths) => TryOpen(paths, FileShare.None);

    // FileShare.Read is flock(LOCK_SH), FileShare.None is flock(LOCK_EX); neither waits.
    private static FileStream? TryOpen(DataPaths paths, FileShare share)
    {
        try
        {
            FileOwner.CreateFile(paths.RemovalLockFile);
            return new FileStream(paths.RemovalLockFile, FileMode.OpenOrCreate, FileAccess.Read, share);
        }
        catch (IOException e) when (DataFolder.IsLocked(e))
        {
            return null;
        }
    }
}
