using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;

namespace Registry.Storage.Contracts;

/// <summary>Rules of a test.</summary>
public sealed class ContractRules : IChangeRules
{
    /// <summary>Decides about blobs.</summary>
    public Func<BlobChange, RegistryError?> Blob { get; set; } = _ => null;

    /// <summary>Decides about manifests.</summary>
    public Func<ManifestChange, RegistryError?> Manifest { get; set; } = _ => null;

    /// <summary>Decides about tags.</summary>
    public Func<TagChange, RegistryError?> Tag { get; set; } = _ => null;

    /// <summary>Tells whether the digest of a tag outlives it.</summary>
    public Func<RepositoryName, Tag, bool> Keeps { get; set; } = (_, _) => false;

    /// <summary>Rules whose quotas limit what repositories refer to.</summary>
    public PolicyRules Quotas { get; set; } = PolicyRules.None;

    /// <summary>Decides about renames.</summary>
    public Func<RenameChange, RegistryError?> Rename { get; set; } = _ => null;

    public RegistryError? CheckBlob(BlobChange change) => Blob(change);

    public RegistryError? CheckManifest(ManifestChange change) => Manifest(change);

    public RegistryError? CheckTag(TagChange change) => Tag(change);

    public bool KeepsDigest(RepositoryName repository, Tag tag, ChangeOrigin origin) => Keeps(repository, tag);

    public IReadOnlyList<PolicyRule> FindQuotas(RepositoryName repository, ChangeOrigin origin) => new PolicyChangeRules(() => Quotas).FindQuotas(repository, origin);

    public RegistryError? CheckQuota(QuotaChange change) => new PolicyChangeRules(() => Quotas).CheckQuota(change);

    public RegistryError? CheckRename(RenameChange change) => Rename(change);

    /// <summary>Allows everything again.</summary>
    public void Allow()
    {
        Blob = _ => null;
        Manifest = _ => null;
        Tag = _ => null;
        Keeps = (_, _) => false;
        Quotas = PolicyRules.None;
        Rename = _ => null;
    }
}
