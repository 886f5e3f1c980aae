using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Policies;

/// <summary>Allows every change.</summary>
public sealed class NoRules : IChangeRules
{
    private NoRules()
    {
    }

    /// <summary>The only instance.</summary>
    public static IChangeRules Instance { get; } = new NoRules();

    /// <inheritdoc/>
    public RegistryError? CheckBlob(BlobChange change) => null;

    /// <inheritdoc/>
    public RegistryError? CheckManifest(ManifestChange change) => null;

    /// <inheritdoc/>
    public RegistryError? CheckTag(TagChange change) => null;

    /// <inheritdoc/>
    public bool KeepsDigest(RepositoryName repository, Tag tag, ChangeOrigin origin) => false;

    /// <inheritdoc/>
    public IReadOnlyList<PolicyRule> FindQuotas(RepositoryName repository, ChangeOrigin origin) => [];

    /// <inheritdoc/>
    public RegistryError? CheckQuota(QuotaChange change) => null;

    /// <inheritdoc/>
    public RegistryError? CheckRename(RenameChange change) => null;
}
