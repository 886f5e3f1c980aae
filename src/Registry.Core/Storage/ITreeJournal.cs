namespace Registry.Core.Storage;

/// <summary>
/// What must still be done to the repositories tree so that it mirrors the metadata. Rows are written in the transaction that changes the
/// metadata, and stay until the tree has been synced.
/// </summary>
public interface ITreeJournal
{
    /// <summary>Called after a commit that added rows, on the thread that commits: it must return at once.</summary>
    event Action? Written;

    /// <summary>The rows after an id, oldest first.</summary>
    Task<IReadOnlyList<TreeChange>> ReadAsync(long afterId, int limit);

    /// <summary>Deletes the rows up to an id, apart from some: the tree has them, durably.</summary>
    /// <param name="upToId">The last one.</param>
    /// <param name="except">The ids of those that stay, in their order.</param>
    Task DeleteAsync(long upToId, IReadOnlyList<long> except);
}
