using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Changes;
using Registry.Core.Collection.Records;
using Registry.Core.Oci;
using Registry.Core.Promises;
using Registry.Core.Storage;

namespace Registry.Core.Collection;

/// <summary>
/// Removes unneeded content: manifests in the trash that can no longer be restored; manifests that lost their index or subject by a delete and that nothing has held for the grace period; links
/// that no manifest of their repository has needed for as long; then bytes without a link or manifest, and bytes that the metadata does not
/// know. A manifest that was pushed by itself stays until a client deletes it.
/// </summary>
/// <remarks>
/// Live content is safe for these reasons. Links and manifests expire in the same writer that records manifests, so a push either finds them or
/// is refused. For a client that learned that content exists, its row is young (<see cref="ContentPromises"/>). Bytes are removed within the fence of their
/// digest, after the metadata has confirmed in a transaction that nothing links to them; a push of the same bytes waits for that fence, too.
/// </remarks>
public sealed partial class GarbageCollector(
    ICollectorMetadata metadata,
    IBlobStore blobs,
    UnknownBlobSweep walk,
    GracePeriod grace,
    CollectionPause pause,
    CollectionPlan plan,
    ChangeOrigin origin,
    TrashExpiry trash,
    TimeProvider time,
    ILogger<GarbageCollector> logger)
{
    private const int BatchSize = 500;

    // Expiring a manifest also releases what it held, so that fewer fit into the few milliseconds for which pushes wait.
    private const int ManifestBatchSize = 50;

    // Of a cycle, so that many deletions of subjects do not keep it from removing what is due.
    private static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(10);

    private readonly OneByOne _cycles = new();
    private string? _walkFailure;
    private HashSet<string> _removalFailures = [];
    private bool _isImplausible;
    private bool _isHeldUp;
    private bool _isPaused;
    private long _bytesFreed;

    /// <summary>True while collections are halted because they would remove implausibly much; an operator must look into it.</summary>
    public bool IsHalted => Volatile.Read(ref _isImplausible);

    /// <summary>Bytes of the unlinked blobs that were removed since the start.</summary>
    public long BytesFreed => Volatile.Read(ref _bytesFreed);

    /// <summary>Runs one cycle, after any cycle in progress has ended.</summary>
    public Task<Collected> RunAsync(CancellationToken cancellationToken) => _cycles.RunAsync(() => RunCycleAsync(cancellationToken));

    /// <summary>
    /// Runs a collection that a person has asked for, as a cycle of its own: after any cycle in progress has ended, and not while the registry is read-only.
    /// </summary>
    /// <param name="collect">The collection.</param>
    /// <returns>False if the registry is read-only; nothing was done then.</returns>
    public Task<bool> TryRunAsync(Func<Task> collect) => _cycles.RunAsync(async () =>
    {
        ArgumentNullException.ThrowIfNull(collect);
        using var cycle = pause.TryBeginCycle();
        if (cycle is null)
        {
            return false;
        }

        await collect();
        return true;
    });

    /// <summary>Removes unneeded content, however much it is, except bytes that the metadata does not know.</summary>
    public Task<Collected> CollectAsync(CancellationToken cancellationToken) => CollectAsync(isForced: true, null, cancellationToken);

    /// <summary>Removes unneeded content as above, and reports the number of blobs removed so far. A pause ends it, unless it is forced.</summary>
    public async Task<Collected> CollectAsync(bool isForced, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        await SettleReferrersAsync(cancellationToken);
        return await RemoveUnneededAsync(() => cancellationToken.IsCancellationRequested || (!isForced && pause.Left > 0), progress, cancellationToken);
    }

    /// <summary>Holds or releases all referrers whose subject was pushed or deleted, as every cycle does for a while. Removes nothing.</summary>
    public Task SettleReferrersAsync(CancellationToken cancellationToken) => SettleReferrersAsync(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>
    /// Deletes manifests that nothing has held for the grace period, including those that were pushed by themselves, unless a rule about changes refuses it.
    /// Content that only they held becomes idle.
    /// </summary>
    /// <param name="manifests">The manifests.</param>
    /// <param name="by">Origin of the deletions; null for that of the collector.</param>
    /// <returns>The deleted manifests.</returns>
    public async Task<IReadOnlyList<ManifestRecord>> DeleteUntaggedAsync(IReadOnlyList<ManifestRecord> manifests, ChangeOrigin? by = null)
    {
        var deleted = new List<ManifestRecord>();
        foreach (var batch in manifests.OrderBy(manifest => manifest.Repository.Value, StringComparer.Ordinal).Chunk(ManifestBatchSize))
        {
            deleted.AddRange(await ExpireAsync(batch, withRoots: true, by ?? origin));
        }

        return deleted;
    }

    /// <summary>Saves the clock and the pause, and learns of a pause that another process has saved.</summary>
    public async Task SaveClockAsync() => pause.ExtendTo(await metadata.SaveClockAsync(pause.Until));

    private async Task<Collected> RunCycleAsync(CancellationToken cancellationToken)
    {
        using var cycle = pause.TryBeginCycle();
        if (cycle is null)
        {
            return new Collected(0, 0, 0);
        }

        await SaveClockAsync();
        await SettleReferrersAsync(SettlingTime, cancellationToken);
        if (IsPaused())
        {
            return new Collected(0, 0, 0);
        }

        var collected = await IsPlausibleAsync()
            ? await RemoveUnneededAsync(() => cancellationToken.IsCancellationRequested || pause.Left > 0, null, cancellationToken)
            : new Collected(0, 0, 0);
        return collected with { Blobs = collected.Blobs + await WalkAsync(cancellationToken) };
    }

    private bool IsPaused()
    {
        var left = pause.Left;
        if (left > 0 && !_isPaused)
        {
            LogPaused(left);
        }

        _isPaused = left > 0;
        return _isPaused;
    }

    private async Task<Collected> RemoveUnneededAsync(Func<bool> isOver, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        await trash.ExpireAsync(isOver);
        var manifests = await ExpireManifestsAsync(isOver);
        var links = await ExpireLinksAsync(isOver);
        var removed = await RemoveOrphansAsync(progress, cancellationToken);
        if (manifests > 0 || links > 0 || removed > 0)
        {
            LogCollected(manifests, links, removed);
        }

        return new Collected(manifests, links, removed);
    }

    // The grace period of released referrers begins here, also while nothing is removed.
    private async Task SettleReferrersAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var startedAt = time.GetTimestamp();
        while (await metadata.ListUnsettledSubjectsAsync(BatchSize) is { Count: > 0 } subjects)
        {
            // A turn for each, so that none waits for another one with very many referrers.
            foreach (var unsettled in subjects)
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    return;
                }

                await metadata.SettleReferrersAsync(unsettled);

                // At least one in each cycle, however slow the machine is.
                if (limit != Timeout.InfiniteTimeSpan && time.GetElapsedTime(startedAt) >= limit)
                {
                    return;
                }
            }
        }
    }

    private async Task<bool> IsPlausibleAsync()
    {
        // A full count takes long in a large registry, and a usual cycle does not need it.
        var (manifests, links, blobs) = await metadata.CountRemovableAsync(grace.Length);
        var estimate = Math.Max(manifests, Math.Max(links, blobs)) > Plausibility.AlwaysPlausible ? await plan.EstimateAsync() : null;
        var wasImplausible = _isImplausible;
        _isImplausible = estimate is { IsImplausible: true };
        if (_isImplausible && !wasImplausible)
        {
            LogImplausible(
                estimate!.Removable.Manifests,
                estimate.All.Manifests,
                estimate.Removable.Links,
                estimate.All.Links,
                estimate.Removable.Blobs,
                estimate.All.Blobs);
        }

        return !_isImplausible;
    }

    private async Task<int> ExpireManifestsAsync(Func<bool> isOver)
    {
        var total = 0;
        while (!isOver())
        {
            var due = await metadata.ListIdleManifestsAsync(grace.Length, withRoots: false, ManifestBatchSize);
            var expired = await ExpireAsync(due, withRoots: false, origin);
            total += expired.Count;
            foreach (var manifest in expired)
            {
                LogManifestExpired(manifest.Digest.Value, manifest.Repository.Value);
            }

            // What was renewed meanwhile is not listed again.
            if (due.Count < ManifestBatchSize)
            {
                break;
            }
        }

        return total;
    }

    // One transaction for each repository, since the cache holds the results of a repository together.
    private async Task<List<ManifestRecord>> ExpireAsync(IReadOnlyList<ManifestRecord> manifests, bool withRoots, ChangeOrigin by)
    {
        var expired = new List<ManifestRecord>();
        foreach (var group in manifests.GroupBy(manifest => manifest.Repository))
        {
            var gone = (await metadata.ExpireManifestsAsync(
                group.Key, [.. group.Select(manifest => manifest.Digest)], grace.Length, withRoots, by)).ToHashSet();
            expired.AddRange(group.Where(manifest => gone.Contains(manifest.Digest)));
        }

        return expired;
    }

    private async Task<int> ExpireLinksAsync(Func<bool> isOver)
    {
        var total = 0;
        while (!isOver())
        {
            var expired = await metadata.ExpireLinksAsync(grace.Length, BatchSize, origin);
            total += expired.Count;
            foreach (var link in expired)
            {
                LogExpired(link.Repository.Value, link.Digest.Value);
            }

            if (expired.Count < BatchSize)
            {
                break;
            }
        }

        return total;
    }

    private async Task<int> RemoveOrphansAsync(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var total = 0;
        var failures = new HashSet<string>();
        while (!cancellationToken.IsCancellationRequested)
        {
            var orphans = await metadata.ListOrphansAsync(BatchSize);
            if (orphans.Count == 0)
            {
                break;
            }

            using var removal = await TryBeginRemovalAsync(cancellationToken);
            if (removal is null)
            {
                break;
            }

            var removed = 0;
            foreach (var digest in orphans)
            {
                await using var fence = await blobs.FenceAsync(digest, cancellationToken);
                if (await metadata.CondemnAsync(digest) is not { } place)
                {
                    continue;
                }

                progress?.Report(total + removed);
                if (!await TryDeleteAsync(digest, place, failures, cancellationToken))
                {
                    continue;
                }

                await metadata.ForgetAsync(digest);
                removed++;
                LogRemoved(digest.Value);
            }

            total += removed;
            if (removed < BatchSize)
            {
                break;
            }
        }

        _removalFailures = failures;
        return total;
    }

    // A backup reads what its snapshot of the metadata refers to, even if that was deleted since.
    private async Task<IDisposable?> TryBeginRemovalAsync(CancellationToken cancellationToken)
    {
        var removal = await blobs.TryBeginRemovalAsync(cancellationToken);
        if (removal is null && !_isHeldUp)
        {
            LogHeldUp();
        }

        _isHeldUp = removal is null;
        return removal;
    }

    // It stays condemned, so that the next cycle tries again, after all others.
    private async Task<bool> TryDeleteAsync(Digest digest, BlobPlace place, HashSet<string> failures, CancellationToken cancellationToken)
    {
        try
        {
            var size = await blobs.StatAsync(place, cancellationToken) ?? 0;
            await blobs.DeleteAsync([place], cancellationToken);
            Interlocked.Add(ref _bytesFreed, size);
            return true;
        }
        catch (StorageException e)
        {
            // One line for each cause while it lasts: it may be the same for all of them, in every cycle.
            var fault = e.InnerException ?? e;
            var cause = $"{fault.GetType().Name} {fault.HResult}";
            if (failures.Add(cause) && !_removalFailures.Contains(cause))
            {
                LogNotRemoved(digest.Value, e.Message);
            }

            return false;
        }
    }

    // A failed walk does not prevent the collection of other content.
    private async Task<int> WalkAsync(CancellationToken cancellationToken)
    {
        try
        {
            var removed = await walk.StepAsync(cancellationToken);
            _walkFailure = null;
            return removed;
        }
        catch (StorageException e)
        {
            if (_walkFailure != e.Message)
            {
                LogNotWalked(e.Message);
            }

            _walkFailure = e.Message;
            return 0;
        }
    }

    [LoggerMessage(1, LogLevel.Debug, "Blob {Digest} expired in {Repository}: no manifest there has needed it for the grace period")]
    private partial void LogExpired(string repository, string digest);

    [LoggerMessage(2, LogLevel.Debug, "Blob {Digest} removed: no repository links to it any more")]
    private partial void LogRemoved(string digest);

    [LoggerMessage(8, LogLevel.Information,
        "Manifest {Digest} expired in {Repository}: the index that listed it or its subject was deleted, and nothing has held it for the grace period")]
    private partial void LogManifestExpired(string digest, string repository);

    [LoggerMessage(3, LogLevel.Information, "Garbage collection: manifests expired: {Manifests}, links expired: {Links}, blobs removed: {Blobs}")]
    private partial void LogCollected(int manifests, int links, int blobs);

    [LoggerMessage(6, LogLevel.Error,
        "Garbage collection would remove {Manifests} of {AllManifests} manifests, {Links} of {AllLinks} links and {Blobs} of {AllBlobs} blobs, more than half: nothing is removed. See why with 'registry gc --dry-run'; if the removal is right, run 'registry gc --force'")]
    private partial void LogImplausible(long manifests, long allManifests, long links, long allLinks, long blobs, long allBlobs);

    [LoggerMessage(5, LogLevel.Warning, "Blob {Digest}, which no repository links to any more, could not be removed: {Reason}. Every cycle tries again; others with the same cause have no line")]
    private partial void LogNotRemoved(string digest, string reason);

    [LoggerMessage(7, LogLevel.Information, "Garbage collection waits for a backup or an export that reads the storage; no bytes are removed until it ends")]
    private partial void LogHeldUp();

    [LoggerMessage(9, LogLevel.Information,
        "Garbage collection is paused for {Left} s of running time: clients were told that content exists while the registry was read-only, could not write, or was elsewhere before it moved here, and may still rely on it")]
    private partial void LogPaused(long left);

    [LoggerMessage(4, LogLevel.Error, "The search for blobs that the metadata does not know failed and will be tried again: {Reason}")]
    private partial void LogNotWalked(string reason);
}
