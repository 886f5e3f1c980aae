using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Indexing;

/// <summary>Metadata for the comparison with the tree: all recorded content, including content that is not served.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IMetadataListing
{
    /// <summary>Lists the repositories after a name, in the order of their names; from the first one if it is null.</summary>
    Task<IReadOnlyList<RepositoryName>> ListRepositoriesAsync(RepositoryName? after, int limit);

    /// <summary>Contents of a repository; <see cref="RepositoryContents.None"/> if it is not recorded.</summary>
    Task<RepositoryContents> ReadAsync(RepositoryName repository);
}
