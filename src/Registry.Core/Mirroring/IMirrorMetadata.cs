using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Pulls;
using Registry.Core.Storage;

namespace Registry.Core.Mirroring;

/// <summary>
/// What the mirror knows of mirrored repositories beside their content. A repository is mirrored from one upstream, or local, from its creation: a change whose origin has an
/// upstream (<see cref="ChangeOrigin.Upstream"/>) creates a mirrored one, and a push to it by any other origin is refused (<see cref="MirrorRefusal"/>), as is a change of the mirror in
/// a local one. One without content, also in its trash, may become the other. Manifests of a mirrored repository never expire: <see cref="EvictAsync"/> removes them. A blob that
/// none of them needs expires as in other repositories.
/// </summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IMirrorMetadata
{
    /// <summary>Finds the upstream of a repository; null if it is local, or there is none.</summary>
    Task<string?> FindUpstreamAsync(RepositoryName repository);

    /// <summary>Finds a repository of a range that has content and is not mirrored from an upstream; null if there is none.</summary>
    Task<RepositoryName?> FindOtherAsync(RepositoryRange range, string upstream);

    /// <summary>Time at which the upstream was last asked for a tag that the repository has; null if it has no such tag, or the upstream was never asked.</summary>
    Task<DateTimeOffset?> FindCheckAsync(RepositoryName repository, Tag tag);

    /// <summary>Records that upstreams were asked for tags, and that clients have pulled manifests. What is gone meanwhile is left out, and so are times before the recorded ones, unless
    /// these are later than now, of a clock that was wrong. A new manifest counts as pulled at its push.</summary>
    Task RecordAsync(IReadOnlyList<TagCheck> checks, IReadOnlyList<ManifestPull> pulls);

    /// <summary>Lists manifests of the repositories of an upstream, the least recently pulled first.</summary>
    Task<IReadOnlyList<ManifestPull>> ListOldestAsync(string upstream, int limit);

    /// <summary>What the repositories of an upstream hold.</summary>
    Task<MirrorUse> ReadUseAsync(string upstream);

    /// <summary>
    /// Removes a manifest of a mirrored repository with its tags, past grace period and trash, and the blobs of the repository that no other manifest of it needs. What it
    /// refers to stays, if it is a manifest; what refers to it does, too.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The manifest.</param>
    /// <param name="pulledBefore">Nothing is removed if it was pulled at this time or later.</param>
    /// <param name="origin">Origin of the removal.</param>
    /// <param name="reason">See <see cref="RegistryChange.Reason"/>.</param>
    /// <returns>The content that the repository has lost, the manifest included; empty if it is not there, or was pulled since.</returns>
    Task<IReadOnlyList<Digest>> EvictAsync(RepositoryName repository, Digest digest, DateTimeOffset pulledBefore, ChangeOrigin origin, string reason);
}
