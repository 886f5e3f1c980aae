using Registry.Core.Errors;

namespace Registry.Storage.Files.Space;

/// <summary>
/// Free space on the disk that pushes leave for everything else: the metadata of deletes, garbage collection, and the logs and databases of
/// other programs. The free space is read four times a second at most, so pushes in progress may use some of the reserve.
/// </summary>
/// <param name="folder">A folder on the disk.</param>
/// <param name="reserve">The reserve in bytes; null for a hundredth of the disk, at most 1 GiB.</param>
/// <param name="time">Clock of <see cref="Freshness"/>.</param>
public sealed class DiskReserve(string folder, long? reserve, TimeProvider time)
{
    private const long MaxByDefault = 1024 * 1024 * 1024;

    /// <summary>Time for which a reading of the disk is used.</summary>
    internal static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(250);

    private readonly DriveInfo _disk = new(folder);
    private readonly Lock _asking = new();
    private Answer? _last;

    /// <summary>Reads the free bytes and the reserve; waits for the disk.</summary>
    /// <exception cref="IOException">The free space cannot be read.</exception>
    public (long Free, long Kept) Read() => (_disk.AvailableFreeSpace, reserve ?? Math.Min(_disk.TotalSize / 100, MaxByDefault));

    /// <summary>Returns the last reading while it is fresh, without waiting for the disk.</summary>
    /// <param name="refusal">Reason for refusing pushes; null if they are accepted.</param>
    /// <returns>False if the disk must be read again with <see cref="Ask"/>.</returns>
    public bool TryGetRecent(out string? refusal)
    {
        var last = Volatile.Read(ref _last);
        refusal = last?.Refusal;
        return last is not null && time.GetElapsedTime(last.AskedAt) < Freshness;
    }

    /// <summary>Reads the disk once for all waiting callers. Call it on a storage thread.</summary>
    /// <returns>Reason for refusing pushes; null if they are accepted.</returns>
    public string? Ask()
    {
        lock (_asking)
        {
            if (!TryGetRecent(out var refusal))
            {
                refusal = Measure();
                Volatile.Write(ref _last, new Answer(time.GetTimestamp(), refusal));
            }

            return refusal;
        }
    }

    private string? Measure()
    {
        try
        {
            var (free, kept) = Read();
            return free < kept
                ? $"the disk of {folder} has {Count.Of(free, "byte")} free, and pushes must leave {kept}"
                : null;
        }
        catch (IOException)
        {
            // The write that follows meets the same fault and reports it.
            return null;
        }
    }

    private sealed record Answer(long AskedAt, string? Refusal);
}
