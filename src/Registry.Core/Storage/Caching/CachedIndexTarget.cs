namespace Registry.Core.Storage.Caching;

/// <summary>What a tree is indexed into, beside <see cref="CachedMetadataStore"/>: a repository that is indexed changes all answers about it.</summary>
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
