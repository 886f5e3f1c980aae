using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Caching;

/// <summary>
/// Metadata with the results of pulls in memory. Linearizable like the store behind it, provided that every change goes through this class,
/// <see cref="CachedCollectorMetadata"/> or <see cref="CachedIndexTarget"/>. Listings are not cached.
/// </summary>
internal sealed class CachedMetadataStore(IMetadataStore store, MetadataCache cache) : IMetadataStore
{
    public RegistryError? Refusal => store.Refusal;

    public Task<StoredManifest?> FindManifestAsync(RepositoryName repository, Reference reference) =>
        cache.FindManifestAsync(store, repository, reference);

    public Task<Result<StoredBlob?>> CheckManifestAsync(ManifestPut put) => store.CheckManifestAsync(put);

    public Task<Result<IReadOnlyList<MovedTag>?>> PutManifestAsync(ManifestPut put)
    {
        ArgumentNullException.ThrowIfNull(put);
        return put.Place?.Key is null
            ? cache.PutManifestAsync(put.Repository, put.Manifest.References.Select(needed => needed.Digest), () => store.PutManifestAsync(put))
            : cache.ChangePlaceAsync(() => store.PutManifestAsync(put));
    }

    public Task<bool> ReleaseReferrersAsync(RepositoryName repository, Digest subject) =>
        cache.ChangeManifestsAsync(repository, () => store.ReleaseReferrersAsync(repository, subject));

    public Task<Result<ManifestDeletion>> DeleteManifestAsync(
        RepositoryName repository, Reference reference, Precondition precondition, ChangeOrigin origin, bool toTrash = false, string? reason = null) =>
        cache.RemoveManifestsAsync(repository, () => store.DeleteManifestAsync(repository, reference, precondition, origin, toTrash, reason));

    public Task<bool> RenewManifestAsync(RepositoryName repository, Digest digest) =>
        cache.ChangeManifestsAsync(repository, () => store.RenewManifestAsync(repository, digest));

    public Task<Page<string>?> ListTagsAsync(RepositoryName repository, string? last, int limit) => store.ListTagsAsync(repository, last, limit);

    public Task<Page<string>> ListRepositoriesAsync(IReadOnlyList<RepositoryRange> ranges, string? last, int limit) =>
        store.ListRepositoriesAsync(ranges, last, limit);

    public Task<Page<Referrer>> ListReferrersAsync(
        RepositoryName repository, Digest subject, string? artifactType, Digest? last, int limit, long maxBytes = Referrer.MaxBatchSize) =>
        store.ListReferrersAsync(repository, subject, artifactType, last, limit, maxBytes);

    public Task<StoredBlob?> FindBlobAsync(RepositoryName repository, Digest digest) => cache.FindBlobAsync(store, repository, digest);

    public Task<bool> RenewBlobAsync(RepositoryName repository, Digest digest) =>
        cache.ChangeLinkAsync(repository, digest, () => store.RenewBlobAsync(repository, digest));

    public Task<IReadOnlyList<RepositoryName>> FindRepositoriesWithBlobAsync(Digest digest, int limit) =>
        store.FindRepositoriesWithBlobAsync(digest, limit);

    public Task<RegistryError?> CheckQuotaAsync(RepositoryName repository, long size, ChangeOrigin origin) => store.CheckQuotaAsync(repository, size, origin);

    public Task<RegistryError?> CheckBlobAsync(RepositoryName repository, Digest digest, long size, ChangeOrigin origin) =>
        store.CheckBlobAsync(repository, digest, size, origin);

    public Task<RegistryError?> LinkBlobAsync(
        RepositoryName repository, BlobPlace blob, long size, ChangeOrigin origin, UploadLease? upload = null, byte[]? staged = null) => blob.Key is null
        ? cache.ChangeLinkAsync(repository, blob.Known, () => store.LinkBlobAsync(repository, blob, size, origin, upload, staged))
        : cache.ChangePlaceAsync(() => store.LinkBlobAsync(repository, blob, size, origin, upload, staged));

    public Task<Result<bool>> MountBlobAsync(RepositoryName source, RepositoryName target, Digest digest, ChangeOrigin origin) =>
        cache.ChangeLinkAsync(target, digest, () => store.MountBlobAsync(source, target, digest, origin));

    public Task<Result<long>> UnlinkBlobAsync(RepositoryName repository, Digest digest, ChangeOrigin origin) =>
        cache.ChangeLinkAsync(repository, digest, () => store.UnlinkBlobAsync(repository, digest, origin));
}
