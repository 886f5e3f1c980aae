using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Repositories;

namespace Registry.Core.Caching;

/// <summary>Repositories as a whole, next to <see cref="CachedMetadataStore"/>. A rename changes what is visible under both names.</summary>
internal sealed class CachedRepositories(IRepositories repositories, MetadataCache cache) : IRepositories
{
    public Task<RepositorySummary?> FindAsync(RepositoryName repository) => repositories.FindAsync(repository);

    public Task<bool> ExistsAsync(RepositoryName repository) => repositories.ExistsAsync(repository);

    public Task<RepositoryRename?> FindRenameAsync(RepositoryName name) => repositories.FindRenameAsync(name);

    public Task<RegistryError?> RenameAsync(RepositoryName repository, RepositoryName newName, ChangeOrigin origin) => cache.ChangeManifestsAsync(
        repository, () => cache.ChangeRepositoryAsync(newName, () => repositories.RenameAsync(repository, newName, origin)));

    public Task<RegistryError?> CheckDeletionAsync(RepositoryName repository, ChangeOrigin origin) => repositories.CheckDeletionAsync(repository, origin);

    public Task<Result<DeletionTurn>> DeleteSomeAsync(RepositoryName repository, long? before, ChangeOrigin origin, bool toTrash) =>
        cache.RemoveManifestsAsync(repository, () => repositories.DeleteSomeAsync(repository, before, origin, toTrash));

    // Which blobs it unlinks is known only when it has ended.
    public Task<UnlinkingTurn> UnlinkSomeAsync(RepositoryName repository, long? after, ChangeOrigin origin) =>
        cache.ChangeLinksAsync(() => repositories.UnlinkSomeAsync(repository, after, origin));
}
