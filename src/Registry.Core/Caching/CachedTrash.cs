using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Trash;

namespace Registry.Core.Caching;

/// <summary>The trash, next to <see cref="CachedMetadataStore"/>. Only a purge changes what a repository sees.</summary>
internal sealed class CachedTrash(ITrash trash, MetadataCache cache) : ITrash
{
    public Task<TrashEntry?> FindAsync(RepositoryName repository, Digest digest) => trash.FindAsync(repository, digest);

    public Task<TrashPage> ListAsync(RepositoryName repository, long? before, int limit) => trash.ListAsync(repository, before, limit);

    public Task<TrashPage> ListAllAsync(long? before, int limit) => trash.ListAllAsync(before, limit);

    public Task<IReadOnlyList<TrashEntry>> ListOldestAsync(int limit) => trash.ListOldestAsync(limit);

    // It unlinks blobs that are known only when it has ended.
    public Task<Result<Purge>> PurgeAsync(RepositoryName repository, Digest digest, ChangeOrigin origin) =>
        cache.ChangeRepositoryAsync(repository, () => trash.PurgeAsync(repository, digest, origin));

    public Task<IReadOnlyList<LeftBytes>> ScrubAsync() => trash.ScrubAsync();
}
