using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Repositories;

/// <summary>
/// Repositories as a whole: what they hold, their names, and their deletion. A repository exists from its first blob or manifest on, and until it is deleted as a whole;
/// afterwards, it exists again from its next manifest on.
/// </summary>
/// <remarks>
/// Every mutation is atomic, and durable when its task ends; its changes are recorded with their origin (<see cref="IChangeFeed"/>). Every member throws
/// <see cref="StorageException"/> when the storage fails.
/// </remarks>
public interface IRepositories
{
    /// <summary>Reads what a repository holds; null if it does not exist. Counts its rows, so this takes longer for a larger repository.</summary>
    Task<RepositorySummary?> FindAsync(RepositoryName repository);

    /// <summary>True if a repository exists.</summary>
    Task<bool> ExistsAsync(RepositoryName repository);

    /// <summary>Finds the last rename that took a name away from a repository, for as long as the feed keeps it; null if none is recorded.</summary>
    Task<RepositoryRename?> FindRenameAsync(RepositoryName name);

    /// <summary>
    /// Gives a repository another name. It keeps its manifests, tags, links, trash, history and idle times, and records one change, under the old name. Decides on both
    /// repositories as a whole: no other change of either comes in between. Uploads in progress stay with their name.
    /// </summary>
    /// <returns>
    /// Null if it is renamed; else NAME_UNKNOWN, <see cref="RegistryErrorCode.RenameImpossible"/> if the new name is taken, by what can be seen or by a trash, or the refusal of a
    /// rule. Then nothing has changed.
    /// </returns>
    Task<RegistryError?> RenameAsync(RepositoryName repository, RepositoryName newName, ChangeOrigin origin);

    /// <summary>Asks the rules about the deletion of all manifests and tags of a repository. Nothing changes; the deletions ask again.</summary>
    /// <returns>The first refusal; null if there is none.</returns>
    Task<RegistryError?> CheckDeletionAsync(RepositoryName repository, ChangeOrigin origin);

    /// <summary>
    /// Deletes some manifests with their tags, in a turn that other changes wait for only shortly. The caller repeats this, from turn to turn in an order in which an index
    /// usually comes before its children. Decides as the deletion of each of them. A manifest stays if an index holds it that was pushed after its turn.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="before"><see cref="DeletionTurn.Next"/> of the turn before; null for the first one.</param>
    /// <param name="origin">Origin of the deletion.</param>
    /// <param name="toTrash">True to move the manifests into the trash with their tags.</param>
    /// <returns>What was deleted; or the refusal of a rule, and nothing is deleted in this turn.</returns>
    Task<Result<DeletionTurn>> DeleteSomeAsync(RepositoryName repository, long? before, ChangeOrigin origin, bool toTrash);

    /// <summary>
    /// Makes some blobs invisible that nothing needs, whatever was promised about them, in a turn. The caller repeats this. When none is left, and no manifest, the repository
    /// exists no longer. Decides on the links, and on what needs the blobs.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="after"><see cref="UnlinkingTurn.Next"/> of the turn before; null for the first one.</param>
    /// <param name="origin">Origin of the deletion.</param>
    Task<UnlinkingTurn> UnlinkSomeAsync(RepositoryName repository, long? after, ChangeOrigin origin);
}
