using Microsoft.Extensions.Logging;

namespace Registry.Core.Collection;

/// <summary>Removes deleted manifests from the trash that have been there for the time in which they can be restored. The grace period of what they held begins.</summary>
/// <param name="metadata">Metadata of the collector.</param>
/// <param name="period">Running time for which they stay, in whole seconds; zero to remove all.</param>
/// <param name="logger">Log of the removals.</param>
public sealed partial class TrashExpiry(ICollectorMetadata metadata, TimeSpan period, ILogger<TrashExpiry> logger)
{
    // An entry also releases what it held, so that more would not fit into the few milliseconds for which pushes wait.
    private const int BatchSize = 50;

    /// <summary>Removes what is due, the oldest first.</summary>
    /// <param name="isOver">Returns true when the cycle must end.</param>
    public async Task ExpireAsync(Func<bool> isOver)
    {
        ArgumentNullException.ThrowIfNull(isOver);
        var total = 0;
        while (!isOver())
        {
            var old = await metadata.ListOldTrashAsync(period, BatchSize);
            foreach (var group in old.GroupBy(entry => entry.Repository, entry => entry.Digest))
            {
                total += (await metadata.ExpireTrashAsync(group.Key, [.. group], period)).Count;
            }

            // What was restored meanwhile is not listed again.
            if (old.Count < BatchSize)
            {
                break;
            }
        }

        if (total > 0)
        {
            LogExpired(total);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Deleted manifests that can no longer be restored: {Manifests}. The grace period of what only they held begins")]
    private partial void LogExpired(int manifests);
}
