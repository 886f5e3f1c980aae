using Microsoft.Extensions.Logging;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Maintenance;

/// <summary>
/// Removes what nobody needs: links that no manifest of their repository has needed for the grace period, then the bytes that no link is left
/// to, and bytes that nobody knows. Manifests are never touched: each is a root until somebody deletes it.
/// </summary>
/// <remarks>
/// Why nothing live is lost: a link expires in the same writer that records manifests, so a push either finds the link or is refused;
/// a client that was told "exists" is covered by <see cref="BlobLeases"/>; bytes are removed under the digest's lock after the metadata has
/// confirmed, in a transaction, that nothing links to them, and whoever brings the same bytes again takes that lock too.
/// </remarks>
public sealed partial class GarbageCollector(
    ICollectorMetadata metadata,
    IBlobStore blobs,
    DigestLocks locks,
    BlobLeases leases,
    StorageWalk walk,
    RunningClock clock,
    TimeSpan grace,
    ILogger<GarbageCollector> logger)
{
    private const int BatchSize = 500;

    // Promises that a killed process held in memory are unknown; all of them end within one grace period.
    private readonly long _notBefore = metadata.PromisesLostAt is { } lost ? lost + (long)grace.TotalSeconds : 0;

    private string? _walkFailure;

    /// <summary>How often to run: often enough that the grace period is kept to within a tenth, never busily.</summary>
    public TimeSpan Interval { get; } =
        TimeSpan.FromSeconds(Math.Clamp(grace.TotalSeconds / 10, 1, TimeSpan.FromMinutes(1).TotalSeconds));

    /// <summary>One cycle.</summary>
    /// <returns>How many links and how many blobs were removed.</returns>
    public async Task<(int Links, int Blobs)> RunAsync(CancellationToken cancellationToken)
    {
        await SavePromisesAsync();
        if (clock.Now < _notBefore)
        {
            return (0, 0);
        }

        var links = await ExpireLinksAsync(cancellationToken);
        var removed = await RemoveOrphansAsync(cancellationToken) + await WalkAsync(cancellationToken);
        if (links > 0 || removed > 0)
        {
            LogCollected(links, removed);
        }

        return (links, removed);
    }

    /// <summary>Writes the promises and the clock to the metadata.</summary>
    public async Task SavePromisesAsync()
    {
        var promised = leases.Take();
        try
        {
            await metadata.RenewAsync(promised);
        }
        catch (StorageException)
        {
            leases.Restore(promised);
            throw;
        }
    }

    private async Task<int> ExpireLinksAsync(CancellationToken cancellationToken)
    {
        var total = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var idleBefore = clock.Now - (long)grace.TotalSeconds;
            var expired = await leases.ExpireAsync(() => metadata.ExpireLinksAsync(idleBefore, leases.IsPromised, BatchSize));
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

    private async Task<int> RemoveOrphansAsync(CancellationToken cancellationToken)
    {
        var total = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var orphans = await metadata.ListOrphansAsync(BatchSize);
            var removed = 0;
            foreach (var digest in orphans)
            {
                using var holder = await locks.AcquireAsync(digest, cancellationToken);
                if (!await metadata.CondemnAsync(digest))
                {
                    continue;
                }

                if (!await TryDeleteAsync(digest))
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

        return total;
    }

    // It stays condemned, and so the next cycle tries again, after all others.
    private async Task<bool> TryDeleteAsync(Digest digest)
    {
        try
        {
            await blobs.DeleteAsync(digest);
            return true;
        }
        catch (StorageException e)
        {
            LogNotRemoved(digest.Value, e.Message);
            return false;
        }
    }

    // What cannot be walked over does not keep the rest from being collected.
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

    [LoggerMessage(3, LogLevel.Information, "Garbage collection: {Links} links expired, {Blobs} blobs removed")]
    private partial void LogCollected(int links, int blobs);

    [LoggerMessage(5, LogLevel.Warning, "Blob {Digest}, which no repository links to any more, could not be removed: {Reason}")]
    private partial void LogNotRemoved(string digest, string reason);

    [LoggerMessage(4, LogLevel.Error, "Blobs that the metadata does not know cannot be looked for, and this is tried again: {Reason}")]
    private partial void LogNotWalked(string reason);
}
