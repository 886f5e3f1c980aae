using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Activity;

/// <summary>
/// What has happened in the repositories, the newest change first: manifests that came and went, tags that were set and deleted, renames. Of blobs, of a tag that was set to what it was, and of a
/// restore from a backup there is nothing. Reads the feed (<see cref="IChangeFeed"/>), and has what that keeps.
/// </summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IActivity
{
    /// <summary>Lists changes of all repositories.</summary>
    /// <param name="before">The list begins with the newest change before this <see cref="RegistryChange.Sequence"/>; null for the newest of all.</param>
    /// <param name="limit">Number of changes, 1 or more.</param>
    Task<IReadOnlyList<RegistryChange>> ListAsync(long? before, int limit);

    /// <summary>Lists changes of a repository, also those from before it was renamed.</summary>
    /// <param name="repository">The repository; it need not exist.</param>
    /// <param name="before">The list begins with the newest change before this <see cref="RegistryChange.Sequence"/>; null for the newest of all.</param>
    /// <param name="limit">Number of changes, 1 or more.</param>
    Task<IReadOnlyList<RegistryChange>> ListAsync(RepositoryName repository, long? before, int limit);
}
