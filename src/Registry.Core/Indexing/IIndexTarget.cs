using Registry.Core.Storage;

namespace Registry.Core.Indexing;

/// <summary>Metadata that is rebuilt from a tree.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IIndexTarget
{
    /// <summary>True once the metadata covers the whole tree.</summary>
    bool IsComplete { get; }

    /// <summary>
    /// Records the contents of one repository of the tree. It may take several transactions: until it returns, and after it failed, a part may be recorded. Repeating it
    /// changes nothing; once the index is complete, it has no effect.
    /// </summary>
    Task AddRepositoryAsync(TreeRepository repository);

    /// <summary>Records that the metadata covers the whole tree.</summary>
    Task CompleteAsync();
}
