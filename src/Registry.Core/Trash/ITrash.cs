using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Trash;

/// <summary>
/// Manifests that clients have deleted and that can be restored. A repository does not have them: no query of <see cref="IMetadataStore"/> finds them. An entry goes on
/// holding what its manifest held: its bytes, the blobs and manifests that it refers to, and its referrers. The grace period of these begins when the
/// entry expires. A push of the manifest takes it out of the trash, and so does a restore (<see cref="ManifestPut.FromTrash"/>).
/// </summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface ITrash
{
    /// <summary>Finds an entry with all its tags; null if there is none.</summary>
    Task<TrashEntry?> FindAsync(RepositoryName repository, Digest digest);

    /// <summary>Lists the entries of a repository, the newest first.</summary>
    /// <param name="repository">The repository; it need not exist.</param>
    /// <param name="before">The page begins with the newest entry before this <see cref="TrashEntry.Id"/>; null for the newest of all.</param>
    /// <param name="limit">Number of entries, 1 or more.</param>
    Task<TrashPage> ListAsync(RepositoryName repository, long? before, int limit);

    /// <summary>Lists the entries of all repositories, the newest first.</summary>
    /// <param name="before">The page begins with the newest entry before this <see cref="TrashEntry.Id"/>; null for the newest of all.</param>
    /// <param name="limit">Number of entries, 1 or more.</param>
    Task<TrashPage> ListAllAsync(long? before, int limit);

    /// <summary>Lists the oldest entries of all repositories, in their order.</summary>
    /// <param name="limit">Number of entries, 1 or more.</param>
    Task<IReadOnlyList<TrashEntry>> ListOldestAsync(int limit);

    /// <summary>
    /// Removes an entry for ever. The repository loses with it, at once and whatever was promised to clients, what nothing else in it holds: the blobs that the manifest
    /// refers to, the manifests and their blobs in turn, and the referrers. No grace period begins; the next cycle of the collector removes the bytes that no repository
    /// has any more. Decides as the deletion of each of them. If it is interrupted, the entry is gone, and what is left expires as after a deletion.
    /// </summary>
    /// <returns>What the repository has lost; or MANIFEST_UNKNOWN if there is no such entry.</returns>
    Task<Result<Purge>> PurgeAsync(RepositoryName repository, Digest digest, ChangeOrigin origin);

    /// <summary>Overwrites what removed rows have left in the files of the metadata, as far as the engine can.</summary>
    /// <returns>What may be left; empty if nothing is.</returns>
    Task<IReadOnlyList<LeftBytes>> ScrubAsync();
}
