using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Indexing;

/// <summary>Metadata for the tree: all recorded content, including content that is not served.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IMetadataListing
{
    /// <summary>Lists the repositories after a name, in the order of their names; from the first one if it is null.</summary>
    Task<IReadOnlyList<RepositoryName>> ListRepositoriesAsync(RepositoryName? after, int limit);

    /// <summary>Contents of a repository; <see cref="RepositoryContents.None"/> if it is not recorded.</summary>
    Task<RepositoryContents> ReadAsync(RepositoryName repository);

    /// <summary>Lists the links that the tree should have of a repository, after a link, in the order of their kinds; none if it is not recorded.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="after">Last link of the page before; null for the first page.</param>
    /// <param name="limit">Number of links; fewer are the last ones.</param>
    Task<IReadOnlyList<TreeLink>> ListLinksAsync(RepositoryName repository, TreeLink? after, int limit);
}
