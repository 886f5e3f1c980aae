using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies;

namespace Registry.Storage.Contracts;

/// <summary>Rules of a test.</summary>
public sealed class ContractRules : IChangeRules
{
    /// <summary>Decides about blobs.</summary>
    public Func<RepositoryName, Digest, long, RegistryError?> Link { get; set; } = (_, _, _) => null;

    /// <summary>Decides about tags.</summary>
    public Func<TagChange, RegistryError?> Tag { get; set; } = _ => null;

    public RegistryError? CheckLink(RepositoryName repository, Digest digest, long size) => Link(repository, digest, size);

    public RegistryError? CheckTag(TagChange change) => Tag(change);
}
