using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Collection;

/// <summary>
/// Removes bytes that nothing needs any more at once, with all versions that the store keeps, also while the collection is paused or halted: for a purge, and for what a mirror evicts. No part of a
/// cycle of the <see cref="GarbageCollector"/>; the metadata decides about each digest as for that.
/// </summary>
/// <param name="metadata">Metadata of the collector.</param>
/// <param name="blobs">Stored bytes.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Log of the removals.</param>
public sealed partial class ContentEraser(ICollectorMetadata metadata, IBlobStore blobs, TimeProvider time, ILogger<ContentEraser> logger)
{
    // A batch of the collector takes seconds at most; a backup takes longer than anything waits.
    private const int Attempts = 100;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly OneByOne _erasures = new();

    /// <summary>Removes the bytes of those digests that no repository has, after any erasure in progress has ended.</summary>
    /// <param name="digests">The digests.</param>
    /// <param name="cancellationToken">Ends the wait for a reader of the storage. The collector then removes the bytes.</param>
    /// <returns>What could not be removed, each as a clause for people. The collector tries again.</returns>
    public Task<IReadOnlyList<string>> EraseAsync(IReadOnlyList<Digest> digests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(digests);
        return _erasures.RunAsync(() => EraseNowAsync(digests, cancellationToken));
    }

    private async Task<IReadOnlyList<string>> EraseNowAsync(IReadOnlyList<Digest> digests, CancellationToken cancellationToken)
    {
        using var removal = await BeginRemovalAsync(cancellationToken);
        if (removal is null)
        {
            return ["the bytes: a backup or an export reads the storage at the moment, and the collector removes them when it has ended"];
        }

        var left = new List<string>();
        foreach (var digest in digests)
        {
            await using var fence = await blobs.FenceAsync(digest, CancellationToken.None);
            if (await metadata.CondemnAsync(digest) is not { } place)
            {
                continue;
            }

            try
            {
                left.AddRange(await blobs.EraseAsync(place, CancellationToken.None));
            }
            catch (StorageException e)
            {
                left.Add($"the bytes of {digest}: {e.Message}; the collector tries again");
                continue;
            }

            await metadata.ForgetAsync(digest);
            LogErased(digest.Value);
        }

        return left;
    }

    private async Task<IDisposable?> BeginRemovalAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await blobs.TryBeginRemovalAsync(CancellationToken.None) is { } removal)
            {
                return removal;
            }

            if (attempt == Attempts)
            {
                return null;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Bytes of {Digest} removed at once, by a purge or an eviction of the mirror")]
    private partial void LogErased(string digest);
}
