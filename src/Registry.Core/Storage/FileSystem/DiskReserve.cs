namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// The room on the disk that pushes leave for everything else: the metadata of deletes, the collection that makes room again, the logs and
/// databases of other programs. It is looked at now and then, so what is on its way may still take some of it.
/// </summary>
/// <param name="folder">A folder of the disk.</param>
/// <param name="reserve">How many bytes; null for a hundredth of the disk, and at most 1 GiB.</param>
internal sealed class DiskReserve(string folder, long? reserve)
{
    private const long MaxByDefault = 1024 * 1024 * 1024;
    private const long LookEveryMilliseconds = 250;

    private readonly DriveInfo _disk = new(folder);
    private long _lookedAt = long.MinValue / 2;
    private volatile string? _refusal;

    /// <summary>Whether pushes are turned away, as of a moment ago.</summary>
    public bool IsReached => Look() is not null;

    /// <summary>What is free now and what pushes leave, in bytes.</summary>
    /// <exception cref="IOException">The disk does not say.</exception>
    public (long Free, long Kept) Read() => (_disk.AvailableFreeSpace, reserve ?? Math.Min(_disk.TotalSize / 100, MaxByDefault));

    /// <summary>Turns a push away while there is too little room.</summary>
    /// <exception cref="StorageException">There is; <see cref="StorageException.IsFull"/> is true.</exception>
    public void ThrowIfReached()
    {
        if (Look() is { } refusal)
        {
            throw new StorageException(refusal, isFull: true);
        }
    }

    private string? Look()
    {
        var last = Interlocked.Read(ref _lookedAt);
        var now = Environment.TickCount64;
        if (now - last >= LookEveryMilliseconds && Interlocked.CompareExchange(ref _lookedAt, now, last) == last)
        {
            _refusal = Measure();
        }

        return _refusal;
    }

    private string? Measure()
    {
        try
        {
            var (free, kept) = Read();
            return free < kept
                ? $"{free} bytes are free on the disk of {folder}, and pushes must leave {kept}"
                : null;
        }
        catch (IOException)
        {
            // Writing will tell.
            return null;
        }
    }
}
