using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Policies;

/// <summary>
/// Rules about changes of repositories. The engine of the metadata asks them inside the transaction of the change, with facts that the transaction has
/// read: no other change can come in between. A refusal rolls back its change, no other change of the same transaction, and is the answer of the
/// request. Every way to make the change leads through here: a push, a mount, a <c>tag</c> parameter, a deletion by tag or by digest, an import, a copy.
/// </summary>
/// <remarks>
/// All changes wait for the thread that calls: an implementation returns at once. It is also called outside of a transaction, for a change that takes
/// several (<see cref="CheckTag"/>). Indexing and expiry ask nothing: the tree has the tags already, and what expires has none.
/// </remarks>
public interface IChangeRules
{
    /// <summary>Decides about a blob that a repository does not see yet.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <returns>The refusal; null if the repository may have it.</returns>
    RegistryError? CheckLink(RepositoryName repository, Digest digest, long size);

    /// <summary>
    /// Decides about a tag that is set or deleted: about each tag of a push, and about each tag of a manifest that is deleted. A manifest with so many
    /// tags that they are deleted in several transactions is checked before the first one, too.
    /// </summary>
    /// <returns>The refusal; null if the tag may change.</returns>
    RegistryError? CheckTag(TagChange change);
}
