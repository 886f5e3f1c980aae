using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Indexing;

/// <summary>Indexing of an existing repositories tree, as far as requests must wait for it.</summary>
public interface IIndexer
{
    /// <summary>True once the metadata covers the whole tree.</summary>
    bool IsComplete { get; }

    /// <summary>Error response to a request that needs the complete metadata; null once it is complete.</summary>
    RegistryError? RefuseUntilComplete();

    /// <summary>Ensures that the metadata knows a repository.</summary>
    /// <exception cref="StorageException">The repository could not be indexed.</exception>
    Task EnsureAsync(RepositoryName name);
}
