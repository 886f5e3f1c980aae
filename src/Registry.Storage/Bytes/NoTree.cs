using Registry.Core.Errors;
using Registry.Core.Indexing;
using Registry.Core.Oci;

namespace Registry.Storage.Bytes;

/// <summary>Indexing in a storage without a tree: the metadata is complete from the start.</summary>
internal sealed class NoTree : IIndexer
{
    public static readonly NoTree Instance = new();

    private NoTree()
    {
    }

    public bool IsComplete => true;

    public RegistryError? RefuseUntilComplete() => null;

    public Task EnsureAsync(RepositoryName name) => Task.CompletedTask;
}
