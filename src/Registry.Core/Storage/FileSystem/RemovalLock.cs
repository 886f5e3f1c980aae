namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Keeps stored bytes where they are while another process reads the data folder: a backup holds the lock shared, whoever removes bytes takes it
/// alone. The system lets go of it when a process ends, however it ends, so a killed backup holds up nothing.
/// </summary>
internal static class RemovalLock
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(50);

    /// <summary>Makes the file, so that it belongs to the process whose folder it is, and not to the first backup.</summary>
    public static void Create(FileSystemLayout layout) => FileOwner.CreateFile(layout.RemovalLockFile);

    /// <summary>Begins to read: from now on nothing is removed. Waits for a removal that is under way, which takes seconds at the most.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static async Task<IDisposable> HoldAsync(FileSystemLayout layout, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryOpen(layout, FileShare.Read) is { } held)
            {
                return held;
            }

            await Task.Delay(RetryDelay, time, cancellationToken);
        }
    }

    /// <summary>Begins to remove; null while somebody reads.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static IDisposable? TryTake(FileSystemLayout layout) => TryOpen(layout, FileShare.None);

    // FileShare.Read is flock(LOCK_SH), FileShare.None is flock(LOCK_EX); neither waits.
    private static FileStream? TryOpen(FileSystemLayout layout, FileShare share)
    {
        try
        {
            FileOwner.CreateFile(layout.RemovalLockFile);
            return new FileStream(layout.RemovalLockFile, FileMode.OpenOrCreate, FileAccess.Read, share);
        }
        catch (IOException e) when (DataFolder.IsLocked(e))
        {
            return null;
        }
    }
}
