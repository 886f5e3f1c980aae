using Registry.Core.Indexing;
using Registry.Core.Oci;

namespace Registry.Storage.Files.Tests.Tree;

/// <summary>Listing of metadata that change each time before a repository is read, and after it.</summary>
internal sealed class ChangingListing(IMetadataListing listing, Func<Task> change) : IMetadataListing
{
    public Task<IReadOnlyList<RepositoryName>> ListRepositoriesAsync(RepositoryName? after, int limit) => listing.ListRepositoriesAsync(after, limit);

    public async Task<RepositoryContents> ReadAsync(RepositoryName repository)
    {
        await change();
        var contents = await listing.ReadAsync(repository);
        await change();
        return contents;
    }

    public Task<IReadOnlyList<TreeLink>> ListLinksAsync(RepositoryName repository, TreeLink? after, int limit) => listing.ListLinksAsync(repository, after, limit);
}
