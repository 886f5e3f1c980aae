using Registry.Core.Indexing;

namespace Registry.Core.Caching;

/// <summary>Target of indexing, next to <see cref="CachedMetadataStore"/>: indexing a repository invalidates all cached results about it.</summary>
internal sealed class CachedIndexTarget(IIndexTarget target, MetadataCache cache) : IIndexTarget
{
    public bool IsComplete => target.IsComplete;

    public Task AddRepositoryAsync(TreeRepository repository)
    {
        ArgumentNullException.ThrowIfNull(repository);
        return cache.ChangeRepositoryAsync(repository.Name, async () =>
        {
            await target.AddRepositoryAsync(repository);
            return true;
        });
    }

    public Task CompleteAsync() => target.CompleteAsync();
}
