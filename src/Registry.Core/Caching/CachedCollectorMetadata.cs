using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Collection.Records;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Caching;

/// <summary>
/// Metadata for the collector, next to <see cref="CachedMetadataStore"/>. Only these change what a repository sees: the expiry of manifests,
/// entries of the trash and links, and the settling of referrers, since a result says since when its manifest is idle. Condemned and forgotten content has no link and no
/// manifest that a cached result could be about.
/// </summary>
internal sealed class CachedCollectorMetadata(ICollectorMetadata metadata, MetadataCache cache) : ICollectorMetadata
{
    public long PausedUntil => metadata.PausedUntil;

    public Task<long> SaveClockAsync(long pausedUntil) => metadata.SaveClockAsync(pausedUntil);

    public Task<IReadOnlyList<UnsettledSubject>> ListUnsettledSubjectsAsync(int limit) => metadata.ListUnsettledSubjectsAsync(limit);

    public Task<bool> SettleReferrersAsync(UnsettledSubject unsettled)
    {
        ArgumentNullException.ThrowIfNull(unsettled);
        return cache.ChangeManifestsAsync(unsettled.Repository, () => metadata.SettleReferrersAsync(unsettled));
    }

    public Task<IReadOnlyList<ManifestRecord>> ListIdleManifestsAsync(TimeSpan grace, bool withRoots, int limit) =>
        metadata.ListIdleManifestsAsync(grace, withRoots, limit);

    public Task<IReadOnlyList<Digest>> ExpireManifestsAsync(
        RepositoryName repository,
        IReadOnlyList<Digest> digests,
        TimeSpan grace,
        bool withRoots,
        ChangeOrigin origin) => cache.RemoveManifestsAsync(
            repository, () => metadata.ExpireManifestsAsync(repository, digests, grace, withRoots, origin));

    public Task<IReadOnlyList<TrashRecord>> ListOldTrashAsync(TimeSpan period, int limit) => metadata.ListOldTrashAsync(period, limit);

    public Task<IReadOnlyList<Digest>> ExpireTrashAsync(RepositoryName repository, IReadOnlyList<Digest> digests, TimeSpan period) =>
        cache.RemoveManifestsAsync(repository, () => metadata.ExpireTrashAsync(repository, digests, period));

    public Task<IReadOnlyList<BlobLink>> ExpireLinksAsync(TimeSpan grace, int limit, ChangeOrigin origin) =>
        cache.ChangeLinksAsync(() => metadata.ExpireLinksAsync(grace, limit, origin));

    public Task<IReadOnlyList<LinkRecord>> ListIdleAsync(TimeSpan grace, int limit) => metadata.ListIdleAsync(grace, limit);

    public Task<CollectorCounts> CountRemovableAsync(TimeSpan grace) => metadata.CountRemovableAsync(grace);

    public Task<CollectorCounts> CountAllAsync() => metadata.CountAllAsync();

    public Task<RemovableBlobs> ListRemovableBlobsAsync(TimeSpan grace, int limit) => metadata.ListRemovableBlobsAsync(grace, limit);

    public Task<BlobExplanation> ExplainAsync(Digest digest, int limit) => metadata.ExplainAsync(digest, limit);

    public Task<IReadOnlyList<Digest>> ListOrphansAsync(int limit) => metadata.ListOrphansAsync(limit);

    public Task<IReadOnlyList<Digest>> FindUnknownAsync(IReadOnlyList<Digest> digests) => metadata.FindUnknownAsync(digests);

    public Task<BlobPlace?> CondemnAsync(Digest digest) => metadata.CondemnAsync(digest);

    public Task ForgetAsync(Digest digest) => metadata.ForgetAsync(digest);
}
