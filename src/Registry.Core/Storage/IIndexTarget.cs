namespace Registry.Core.Storage;

/// <summary>The metadata as it is rebuilt from a tree.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IIndexTarget
{
    /// <summary>Whether the metadata covers the whole tree; until then it is incomplete.</summary>
    bool IsComplete { get; }

    /// <summary>
    /// Records what one repository of the tree holds, in one transaction. Doing it again changes nothing; once the index is complete, it does
    /// nothing at all.
    /// </summary>
    Task AddRepositoryAsync(TreeRepository repository);

    /// <summary>Declares that the metadata covers the whole tree.</summary>
    Task CompleteAsync();
}
