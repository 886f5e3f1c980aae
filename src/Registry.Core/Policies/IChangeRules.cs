using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Policies;

/// <summary>
/// Rules about changes of repositories. The engine of the metadata asks them inside the transaction of the change, with facts that the transaction has
/// read: no other change can come in between. A refusal rolls back its change, no other change of the same transaction, and is the answer of the
/// request. Requests, imports and copies all lead through here.
/// </summary>
/// <remarks>
/// All changes wait for the thread that calls: an implementation returns at once. The same questions are also asked outside of a transaction, before bytes
/// are stored, and before a manifest with very many tags loses the first of them; the transaction asks again. Changes that no rule may prevent ask nothing
/// (docs/architecture.md, "Policies").
/// </remarks>
public interface IChangeRules
{
    /// <summary>Decides about a blob that a repository does not see yet.</summary>
    /// <returns>The refusal; null if the repository may have it.</returns>
    RegistryError? CheckBlob(BlobChange change);

    /// <summary>Decides about a manifest that a repository does not have yet, and about the deletion of one. Its tags are asked about one by one, too.</summary>
    /// <returns>The refusal; null if the manifest may be recorded or deleted.</returns>
    RegistryError? CheckManifest(ManifestChange change);

    /// <summary>Decides about a tag that is set or deleted: about each tag of a push, and about each tag of a manifest that is deleted.</summary>
    /// <returns>The refusal; null if the tag may change.</returns>
    RegistryError? CheckTag(TagChange change);

    /// <summary>
    /// Tells whether the digest of a tag outlives it. The engine keeps that of such a tag when it goes: when it or its manifest is deleted, and under the old name when its
    /// repository is renamed. <see cref="TagChange.Kept"/> has it when the tag is to be set again.
    /// </summary>
    /// <param name="repository">Name of the repository.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="origin">Origin of the change.</param>
    bool KeepsDigest(RepositoryName repository, Tag tag, ChangeOrigin origin);

    /// <summary>Lists the rules with a quota that limits what a repository refers to. The engine reads what their repositories refer to, and asks about each.</summary>
    /// <param name="repository">Name of the repository.</param>
    /// <param name="origin">Origin of the change.</param>
    IReadOnlyList<PolicyRule> FindQuotas(RepositoryName repository, ChangeOrigin origin);

    /// <summary>Decides about bytes that the repositories of a rule are about to refer to.</summary>
    /// <returns>The refusal; null if they may.</returns>
    RegistryError? CheckQuota(QuotaChange change);

    /// <summary>Decides about a repository that gets another name. Its tags are asked about one by one, too, as tags that are set under the new name.</summary>
    /// <returns>The refusal; null if the repository may be renamed.</returns>
    RegistryError? CheckRename(RenameChange change);
}
