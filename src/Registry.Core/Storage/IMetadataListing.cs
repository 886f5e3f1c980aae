using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>The metadata as it is compared with the tree: everything it has on record, what is not served included.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IMetadataListing
{
    /// <summary>The repositories after one, in the order of their names; from the first one on when it is null.</summary>
    Task<IReadOnlyList<RepositoryName>> ListRepositoriesAsync(RepositoryName? after, int limit);

    /// <summary>What a repository holds; <see cref="RepositoryContents.None"/> when it is not on record.</summary>
    Task<RepositoryContents> ReadAsync(RepositoryName repository);
}
