using Registry.Core.Changes;
using Registry.Core.Configuration;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Policies;

/// <summary>
/// Rules about changes by the policy file. They say nothing about what the mirror does: a mirrored repository is what its upstream has, within the limits of the mirror.
/// </summary>
/// <param name="current">Reads the rules that are in force. They are swapped as a whole: each question sees one version of the file.</param>
public sealed class PolicyChangeRules(Func<PolicyRules> current) : IChangeRules
{
    /// <inheritdoc/>
    public RegistryError? CheckBlob(BlobChange change) => null;

    /// <inheritdoc/>
    public RegistryError? CheckManifest(ManifestChange change) => null;

    /// <inheritdoc/>
    public RegistryError? CheckTag(TagChange change)
    {
        if ((change.Before ?? change.Kept) is not { } digest || change.After == digest || FindImmutable(change.Repository, change.Tag, change.Origin) is not { } rule)
        {
            return null;
        }

        if (change.After is null)
        {
            return change.Origin.IsAdmin
                ? null
                : new RegistryError(RegistryErrorCode.TagImmutable, $"{change.Tag} of {change.Repository} is kept by {rule}; only an admin may delete it");
        }

        var state = change.Before is null ? $"was {digest} when it went, and gets" : $"is {digest}, and gets";
        return new RegistryError(RegistryErrorCode.TagImmutable, $"{change.Tag} of {change.Repository} {state} no other digest by {rule}; use another tag");
    }

    /// <inheritdoc/>
    public bool KeepsDigest(RepositoryName repository, Tag tag, ChangeOrigin origin) => FindImmutable(repository, tag, origin) is not null;

    /// <inheritdoc/>
    public IReadOnlyList<PolicyRule> FindQuotas(RepositoryName repository, ChangeOrigin origin) => origin.Upstream is null ? current().FindQuotas(repository) : [];

    /// <inheritdoc/>
    public RegistryError? CheckQuota(QuotaChange change)
    {
        ArgumentNullException.ThrowIfNull(change.Rule.Quota);
        var allowed = change.Rule.Quota.Bytes;
        return change.Asked <= 0 || change.Asked <= allowed - change.Used
            ? null
            : new RegistryError(
                RegistryErrorCode.QuotaExceeded,
                $"{change.Repository} asks for {ByteSize.Describe(change.Asked)} more, and {change.Rule} allows {ByteSize.Describe(allowed)}, of which {ByteSize.Describe(change.Used)} are used; delete images that are not needed, or ask the operator for more");
    }

    /// <inheritdoc/>
    public RegistryError? CheckRename(RenameChange change) => null;

    private PolicyRule? FindImmutable(RepositoryName repository, Tag tag, ChangeOrigin origin) =>
        origin.Upstream is null ? current().FindImmutable(repository, tag) : null;
}
