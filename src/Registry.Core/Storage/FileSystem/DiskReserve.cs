namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Room on the disk that pushes leave free for everything else: the metadata of deletes, garbage collection, and the logs and databases of
/// other programs. The disk is asked four times a second at most, so pushes in flight may take some of the reserve.
/// </summary>
/// <param name="folder">A folder on the disk.</param>
/// <param name="reserve">The reserve in bytes; null for a hundredth of the disk, at most 1 GiB.</param>
/// <param name="time">Decides how long an answer of the disk counts.</param>
internal sealed class DiskReserve(string folder, long? reserve, TimeProvider time)
{
    private const long MaxByDefault = 1024 * 1024 * 1024;

    /// <summary>How long an answer of the disk counts.</summary>
    internal static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(250);

    private readonly DriveInfo _disk = new(folder);
    private readonly Lock _asking = new();
    private Answer? _last;

    /// <summary>The free bytes and the reserve, asked now; waits for the disk.</summary>
    /// <exception cref="IOException">The disk does not answer.</exception>
    public (long Free, long Kept) Read() => (_disk.AvailableFreeSpace, reserve ?? Math.Min(_disk.TotalSize / 100, MaxByDefault));

    /// <summary>Reads the last answer of the disk while it counts, without waiting for the disk.</summary>
    /// <param name="refusal">Why pushes are refused; null while they are not.</param>
    /// <returns>False when the disk has to be asked again with <see cref="Ask"/>.</returns>
    public bool TryGetRecent(out string? refusal)
    {
        var last = Volatile.Read(ref _last);
        refusal = last?.Refusal;
        return last is not null && time.GetElapsedTime(last.AskedAt) < Freshness;
    }

    /// <summary>Asks the disk, once for all callers that wait; belongs on a storage thread.</summary>
    /// <returns>Why pushes are refused; null while they are not.</returns>
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
                ? $"{free} bytes are free on the disk of {folder}, and pushes must leave {kept}"
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
