namespace Registry.Core.Changes;

/// <summary>
/// Journal of pending changes of the repositories tree, which mirrors the metadata. Rows are written in the transaction that changes the
/// metadata, and stay until the tree has been synced.
/// </summary>
public interface ITreeJournal
{
    /// <summary>Called after a commit that added rows, on the thread that commits: it must return at once.</summary>
    event Action? Written;

    /// <summary>Reads the rows after an id, the oldest first.</summary>
    Task<IReadOnlyList<TreeChange>> ReadAsync(long afterId, int limit);

    /// <summary>Deletes the rows up to an id, except some: the tree has their changes, durably.</summary>
    /// <param name="upToId">Id of the last row to delete.</param>
    /// <param name="except">Ids of the rows that stay, in order.</param>
    Task DeleteAsync(long upToId, IReadOnlyList<long> except);
}
