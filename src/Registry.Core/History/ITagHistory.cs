using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.History;

/// <summary>
/// Questions to the changes that <see cref="IChangeFeed"/> keeps, for as long as it keeps them, about one tag or manifest. A change is there once its mutation
/// was answered. A push that sets a tag to what it is, and what a restore repeats, is no change. Tags and manifests that were found in an existing tree, or pushed by a version that
/// recorded no changes, have none.
/// </summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface ITagHistory
{
    /// <summary>Reads the changes of a tag, newest first.</summary>
    /// <param name="repository">The repository; it need not exist.</param>
    /// <param name="tag">The tag; it need not exist.</param>
    /// <param name="before">The page begins with the newest change before this <see cref="HistoryEntry.Position"/>; null for the newest of all.</param>
    /// <param name="limit">Number of changes, 1 or more.</param>
    Task<TagHistoryPage> ReadAsync(RepositoryName repository, Tag tag, long? before, int limit);

    /// <summary>
    /// Finds what a tag was at a time: the last of its changes, in their order, whose time is not later has set or deleted it. Before the first one, it was what that one
    /// replaced.
    /// </summary>
    /// <returns>The state; null if no change of the tag is recorded.</returns>
    Task<TagState?> FindStateAsync(RepositoryName repository, Tag tag, DateTimeOffset at);

    /// <summary>Finds the last removal of a manifest from a repository, even if it was pushed again later; null if none is recorded.</summary>
    Task<ManifestRemoval?> FindRemovalAsync(RepositoryName repository, Digest digest);
}
