using Registry.Core.Storage;

namespace Registry.Core.SmallContent;

/// <summary>
/// Admits small content into the metadata: it becomes durable as a row, in the transaction that links it. In a storage of files it gets its file later, and
/// the content that waits for its file is limited: beyond the limit, content goes to its file first, so a disk that takes no files bounds the rows, and
/// refuses pushes with its own error. In a storage of objects the rows are its home, and have no limit but the disk of the database.
/// </summary>
/// <param name="content">Content that is staged.</param>
/// <param name="ensureRoom">Refuses while writes have stopped or the disk is full; see <see cref="StorageException"/>.</param>
/// <param name="maxWeight">Limit on the weight of all content that is staged, or about to be; <see cref="NoLimit"/> if it waits for nothing.</param>
public sealed class Staging(IStagedContent content, Func<ValueTask> ensureRoom, long maxWeight = Staging.MaxWeight)
{
    /// <summary>Size of the largest content that is staged, in bytes.</summary>
    public const int MaxSize = 16 * 1024;

    /// <summary>Limit on the weight of all content that waits for its file, in bytes.</summary>
    public const long MaxWeight = 64 * 1024 * 1024;

    /// <summary>No limit on the weight: the rows are the home of small content.</summary>
    public const long NoLimit = long.MaxValue;

    private long _pending;

    /// <summary>
    /// Takes a place for content; null if the content is too large, or no place is left. The caller disposes the place after the commit, or without
    /// one.
    /// </summary>
    /// <param name="size">Size in bytes.</param>
    /// <exception cref="StorageException">Writes have stopped, or the disk is full.</exception>
    public async ValueTask<IDisposable?> TryTakeAsync(long size)
    {
        // Only Linux can make many files durable at once, and reports when that fails.
        if (size > MaxSize || !(maxWeight == NoLimit || OperatingSystem.IsLinux()))
        {
            return null;
        }

        await ensureRoom();
        var place = new Place(this, StagedContent.WeightOf(size, 1));

        // Pending content is read first: between its commit and the end of its push it counts twice, and never less than once.
        if (Volatile.Read(ref _pending) is var pending && content.Weight <= maxWeight - pending)
        {
            return place;
        }

        place.Dispose();
        return null;
    }

    private sealed class Place : IDisposable
    {
        private readonly long _weight;
        private Staging? _staging;

        public Place(Staging staging, long weight)
        {
            (_staging, _weight) = (staging, weight);
            Interlocked.Add(ref staging._pending, weight);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _staging, null) is { } staging)
            {
                Interlocked.Add(ref staging._pending, -_weight);
            }
        }
    }
}
