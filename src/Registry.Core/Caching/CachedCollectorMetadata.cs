using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Collection.Records;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Caching;

/// <summary>
/// Metadata for the collector, next to <see cref="CachedMetadataStore"/>. Only these change what a repository sees: the expiry of manifests
/// and links, and the settling of referrers, since a result says since when its manifest is idle. Condemned and forgotten content has no link and no
/// manifest that a cached result could be about.
/// </summary>
internal sealed class CachedCollectorMetadata(ICollectorMetadata metadata, MetadataCache cache) : ICollectorMetadata
{
    public long PausedUntil => metadata.PausedUntil;

    public Task SaveClockAsync(long pausedUntil) => metadata.SaveClockAsync(pausedUntil);

    public Task<IReadOnlyList<UnsettledSubject>> ListUnsettledSubjectsAsync(int limit) => metadata.ListUnsettledSubjectsAsync(limit);

    public Task<bool> SettleReferrersAsync(UnsettledSubject unsettled)
    {
        ArgumentNullException.ThrowIfNull(unsettled);
        return cache.ChangeManifestsAsync(unsettled.Repository, () => metadata.SettleReferrersAsync(unsettled));
    }

    public Task<IReadOnlyList<ManifestRecord>> ListIdleManifestsAsync(long idleBefore, bool withRoots, int limit) =>
        metadata.ListIdleManifestsAsync(idleBefore, withRoots, limit);

    public Task<IReadOnlyList<Digest>> ExpireManifestsAsync(
        RepositoryName repository,
        IReadOnlyList<Digest> digests,
        long idleBefore,
        bool withRoots,
        ChangeOrigin origin) => cache.RemoveManifestsAsync(
            repository, () => metadata.ExpireManifestsAsync(repository, digests, idleBefore, withRoots, origin));

    public Task<IReadOnlyList<BlobLink>> ExpireLinksAsync(long idleBefore, int limit, ChangeOrigin origin) =>
        cache.ChangeLinksAsync(() => metadata.ExpireLinksAsync(idleBefore, limit, origin));

    public Task<IReadOnlyList<LinkRecord>> ListIdleAsync(long idleBefore, int limit) => metadata.ListIdleAsync(idleBefore, limit);

    public Task<CollectorCounts> CountRemovableAsync(long idleBefore) => metadata.CountRemovableAsync(idleBefore);

    public Task<CollectorCounts> CountAllAsync() => metadata.CountAllAsync();

    public Task<RemovableBlobs> ListRemovableBlobsAsync(long idleBefore, int limit) => metadata.ListRemovableBlobsAsync(idleBefore, limit);

    public Task<BlobExplanation> ExplainAsync(Digest digest, int limit) => metadata.ExplainAsync(digest, limit);

    public Task<IReadOnlyList<Digest>> ListOrphansAsync(int limit) => metadata.ListOrphansAsync(limit);

    public Task<IReadOnlyList<Digest>> FindUnknownAsync(IReadOnlyList<Digest> digests) => metadata.FindUnknownAsync(digests);

    public Task<BlobPlace?> CondemnAsync(Digest digest) => metadata.CondemnAsync(digest);

    public Task ForgetAsync(Digest digest) => metadata.ForgetAsync(digest);
}
