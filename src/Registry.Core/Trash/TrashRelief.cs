using System.Globalization;
using Microsoft.Extensions.Logging;
using Registry.Core.Changes;
using Registry.Core.Collection;

namespace Registry.Core.Trash;

/// <summary>
/// Purges the trash, the oldest deletions first, while the disk is full up to its reserve: rather than a push, a deletion of long ago is lost. What a purged manifest alone
/// held goes at once, since a grace period would free nothing now.
/// </summary>
/// <param name="trash">The trash.</param>
/// <param name="metadata">Metadata of the collector.</param>
/// <param name="collector">The collector, which removes the bytes.</param>
/// <param name="origin">Origin of the purges.</param>
/// <param name="logger">Log of the purges.</param>
public sealed partial class TrashRelief(
    ITrash trash, ICollectorMetadata metadata, GarbageCollector collector, ChangeOrigin origin, ILogger<TrashRelief> logger)
{
    // Few, since the free space is measured after each batch, and what need not go is to stay.
    private const int BatchSize = 10;

    // Of a turn; the next one comes seconds later.
    private const int MaxBatches = 20;

    /// <summary>Purges as much as is needed, up to some hundred manifests.</summary>
    /// <param name="isShort">Measures the disk; true while it is full up to its reserve.</param>
    /// <param name="cancellationToken">Ends the work before the next manifest.</param>
    public async Task RunAsync(Func<Task<bool>> isShort, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(isShort);
        for (var batch = 0; batch < MaxBatches && await isShort(); batch++)
        {
            // While nothing is collected, a purge frees nothing, so the trash is of no use to the disk: the log of the collector has the reason.
            if ((await metadata.ListOrphansAsync(1)).Count > 0 && (await collector.RunAsync(cancellationToken)).Blobs == 0)
            {
                return;
            }

            if (!await isShort())
            {
                return;
            }

            var oldest = await trash.ListOldestAsync(BatchSize);
            if (oldest.Count == 0)
            {
                return;
            }

            var purged = 0;
            foreach (var entry in oldest)
            {
                cancellationToken.ThrowIfCancellationRequested();
                purged += (await trash.PurgeAsync(entry.Repository, entry.Digest, origin)).Error is null ? 1 : 0;
            }

            LogPurged(purged, oldest[0].Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            foreach (var entry in oldest)
            {
                LogPurgedManifest(entry.Repository.Value, entry.Digest.Value);
            }

            await collector.RunAsync(cancellationToken);
        }
    }

    [LoggerMessage(1, LogLevel.Warning,
        "The disk is full up to its reserve, so {Manifests} deleted manifests were removed from the trash before their time, the oldest deleted at {Oldest}. They cannot be restored any more. Free some space, or set a shorter REGISTRY_TRASH")]
    private partial void LogPurged(int manifests, string oldest);

    [LoggerMessage(2, LogLevel.Information, "Removed from the trash before its time: {Repository}@{Digest}")]
    private partial void LogPurgedManifest(string repository, string digest);
}
