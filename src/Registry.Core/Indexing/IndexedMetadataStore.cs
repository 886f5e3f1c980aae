using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Indexing;

/// <summary>
/// Metadata that may still be growing from an existing tree. A repository is indexed before it is read; every change of a client is refused until
/// the metadata covers the whole tree.
/// </summary>
internal sealed class IndexedMetadataStore(IMetadataStore store, IIndexer indexer) : IMetadataStore
{
    // Once complete, the index stays so: later calls ask neither the indexer nor the database behind it.
    private volatile bool _isComplete;

    public RegistryError? Refusal => IsComplete ? store.Refusal : indexer.RefuseUntilComplete() ?? store.Refusal;

    private bool IsComplete => _isComplete || (_isComplete = indexer.IsComplete);

    public Task<StoredManifest?> FindManifestAsync(RepositoryName repository, Reference reference) => IsComplete
        ? store.FindManifestAsync(repository, reference)
        : IndexAsync(repository, (repository, reference), static (store, asked) => store.FindManifestAsync(asked.repository, asked.reference));

    public Task<Result<StoredBlob?>> CheckManifestAsync(ManifestPut put) =>
        Refusal is { } refusal ? Task.FromResult<Result<StoredBlob?>>(refusal) : store.CheckManifestAsync(put);

    public Task<Result<IReadOnlyList<MovedTag>?>> PutManifestAsync(ManifestPut put) =>
        Refusal is { } refusal ? Task.FromResult<Result<IReadOnlyList<MovedTag>?>>(refusal) : store.PutManifestAsync(put);

    // The push that follows is refused.
    public Task<bool> ReleaseReferrersAsync(RepositoryName repository, Digest subject) =>
        Refusal is null ? store.ReleaseReferrersAsync(repository, subject) : Task.FromResult(false);

    public Task<Result<ManifestDeletion>> DeleteManifestAsync(
        RepositoryName repository, Reference reference, Precondition precondition, ChangeOrigin origin, bool toTrash = false, string? reason = null) => Refusal is { } refusal
            ? Task.FromResult<Result<ManifestDeletion>>(refusal)
            : store.DeleteManifestAsync(repository, reference, precondition, origin, toTrash, reason);

    public Task<Page<string>?> ListTagsAsync(RepositoryName repository, string? last, int limit) => IsComplete
        ? store.ListTagsAsync(repository, last, limit)
        : IndexAsync(repository, (repository, last, limit), static (store, asked) => store.ListTagsAsync(asked.repository, asked.last, asked.limit));

    public Task<Page<string>> ListRepositoriesAsync(IReadOnlyList<RepositoryRange> ranges, string? last, int limit) =>
        store.ListRepositoriesAsync(ranges, last, limit);

    public Task<Page<Referrer>> ListReferrersAsync(
        RepositoryName repository, Digest subject, string? artifactType, Digest? last, int limit, long maxBytes = Referrer.MaxBatchSize) => IsComplete
        ? store.ListReferrersAsync(repository, subject, artifactType, last, limit, maxBytes)
        : IndexAsync(
            repository,
            (repository, subject, artifactType, last, limit, maxBytes),
            static (store, asked) => store.ListReferrersAsync(asked.repository, asked.subject, asked.artifactType, asked.last, asked.limit, asked.maxBytes));

    // What was found is indexed, so renewing it is no change of what may be incomplete.
    public Task<bool> RenewManifestAsync(RepositoryName repository, Digest digest) => store.RenewManifestAsync(repository, digest);

    public Task<StoredBlob?> FindBlobAsync(RepositoryName repository, Digest digest) => IsComplete
        ? store.FindBlobAsync(repository, digest)
        : IndexAsync(repository, (repository, digest), static (store, asked) => store.FindBlobAsync(asked.repository, asked.digest));

    public Task<bool> RenewBlobAsync(RepositoryName repository, Digest digest) => store.RenewBlobAsync(repository, digest);

    public Task<IReadOnlyList<RepositoryName>> FindRepositoriesWithBlobAsync(Digest digest, int limit) =>
        store.FindRepositoriesWithBlobAsync(digest, limit);

    public Task<RegistryError?> CheckQuotaAsync(RepositoryName repository, long size, ChangeOrigin origin) =>
        Refusal is { } refusal ? Task.FromResult<RegistryError?>(refusal) : store.CheckQuotaAsync(repository, size, origin);

    public Task<RegistryError?> CheckBlobAsync(RepositoryName repository, Digest digest, long size, ChangeOrigin origin) =>
        Refusal is { } refusal ? Task.FromResult<RegistryError?>(refusal) : store.CheckBlobAsync(repository, digest, size, origin);

    public Task<RegistryError?> LinkBlobAsync(
        RepositoryName repository, BlobPlace blob, long size, ChangeOrigin origin, UploadLease? upload = null, byte[]? staged = null) =>
        Refusal is { } refusal ? Task.FromResult<RegistryError?>(refusal) : store.LinkBlobAsync(repository, blob, size, origin, upload, staged);

    public Task<Result<bool>> MountBlobAsync(RepositoryName source, RepositoryName target, Digest digest, ChangeOrigin origin) =>
        Refusal is { } refusal ? Task.FromResult<Result<bool>>(refusal) : store.MountBlobAsync(source, target, digest, origin);

    public Task<Result<long>> UnlinkBlobAsync(RepositoryName repository, Digest digest, ChangeOrigin origin) =>
        Refusal is { } refusal ? Task.FromResult<Result<long>>(refusal) : store.UnlinkBlobAsync(repository, digest, origin);

    // The arguments are passed along, since a captured one would cost an allocation in every call.
    private async Task<T> IndexAsync<TAsked, T>(RepositoryName repository, TAsked asked, Func<IMetadataStore, TAsked, Task<T>> read)
    {
        await indexer.EnsureAsync(repository);
        return await read(store, asked);
    }
}
