using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Testing;

/// <summary>Metadata store that can delay its answers, and counts the queries of pulls.</summary>
internal sealed class GatedMetadataStore(IMetadataStore store) : IMetadataStore
{
    private int _questions;

    public RegistryError? Refusal => store.Refusal;

    public int Questions => Volatile.Read(ref _questions);

    /// <summary>Runs after a query, before the caller gets its answer.</summary>
    public Func<Task> AfterQuestion { get; set; } = () => Task.CompletedTask;

    /// <summary>Runs after a commit, before the caller learns of it.</summary>
    public Func<Task> AfterChange { get; set; } = () => Task.CompletedTask;

    /// <summary>Runs after each turn that releases referrers, with its result.</summary>
    public Func<bool, Task> AfterRelease { get; set; } = _ => Task.CompletedTask;

    public Task<StoredManifest?> FindManifestAsync(RepositoryName repository, Reference reference) =>
        AskAsync(store.FindManifestAsync(repository, reference));

    public Task<bool> RenewManifestAsync(RepositoryName repository, Digest digest) => ChangeAsync(store.RenewManifestAsync(repository, digest));

    public Task<StoredBlob?> FindBlobAsync(RepositoryName repository, Digest digest) => AskAsync(store.FindBlobAsync(repository, digest));

    public Task<bool> RenewBlobAsync(RepositoryName repository, Digest digest) => ChangeAsync(store.RenewBlobAsync(repository, digest));

    public Task<Result<StoredBlob?>> CheckManifestAsync(ManifestPut put) => store.CheckManifestAsync(put);

    public Task<Result<IReadOnlyList<MovedTag>?>> PutManifestAsync(ManifestPut put) => ChangeAsync(store.PutManifestAsync(put));

    public async Task<bool> ReleaseReferrersAsync(RepositoryName repository, Digest subject)
    {
        var hasMore = await store.ReleaseReferrersAsync(repository, subject);
        await AfterRelease(hasMore);
        return hasMore;
    }

    public Task<Result<ManifestDeletion>> DeleteManifestAsync(
        RepositoryName repository, Reference reference, Precondition precondition, ChangeOrigin origin, bool toTrash = false, string? reason = null) =>
        ChangeAsync(store.DeleteManifestAsync(repository, reference, precondition, origin, toTrash, reason));

    public Task<RegistryError?> CheckQuotaAsync(RepositoryName repository, long size, ChangeOrigin origin) => store.CheckQuotaAsync(repository, size, origin);

    public Task<RegistryError?> CheckBlobAsync(RepositoryName repository, Digest digest, long size, ChangeOrigin origin) =>
        store.CheckBlobAsync(repository, digest, size, origin);

    public Task<RegistryError?> LinkBlobAsync(
        RepositoryName repository, BlobPlace blob, long size, ChangeOrigin origin, UploadLease? upload = null, byte[]? staged = null) =>
        ChangeAsync(store.LinkBlobAsync(repository, blob, size, origin, upload, staged));

    public Task<Result<bool>> MountBlobAsync(RepositoryName source, RepositoryName target, Digest digest, ChangeOrigin origin) =>
        ChangeAsync(store.MountBlobAsync(source, target, digest, origin));

    public Task<Result<long>> UnlinkBlobAsync(RepositoryName repository, Digest digest, ChangeOrigin origin) =>
        ChangeAsync(store.UnlinkBlobAsync(repository, digest, origin));

    public Task<Page<string>?> ListTagsAsync(RepositoryName repository, string? last, int limit) =>
        store.ListTagsAsync(repository, last, limit);

    public Task<Page<string>> ListRepositoriesAsync(IReadOnlyList<RepositoryRange> ranges, string? last, int limit) =>
        store.ListRepositoriesAsync(ranges, last, limit);

    public Task<Page<Referrer>> ListReferrersAsync(
        RepositoryName repository, Digest subject, string? artifactType, Digest? last, int limit, long maxBytes = Referrer.MaxBatchSize) =>
        store.ListReferrersAsync(repository, subject, artifactType, last, limit, maxBytes);

    public Task<IReadOnlyList<RepositoryName>> FindRepositoriesWithBlobAsync(Digest digest, int limit) =>
        store.FindRepositoriesWithBlobAsync(digest, limit);

    private async Task<T> AskAsync<T>(Task<T> asked)
    {
        Interlocked.Increment(ref _questions);
        var answer = await asked;
        await AfterQuestion();
        return answer;
    }

    private async Task<T> ChangeAsync<T>(Task<T> changing)
    {
        var result = await changing;
        await AfterChange();
        return result;
    }
}
