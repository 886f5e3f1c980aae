using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Mirroring;
using Registry.Core.Oci;

namespace Registry.Mirror.Room;

/// <summary>Removes manifests of mirrored repositories with the bytes of what only they held, past the grace period and the trash.</summary>
/// <param name="metadata">Removes them.</param>
/// <param name="eraser">Removes the bytes.</param>
internal sealed class ManifestEviction(IMirrorMetadata metadata, ContentEraser eraser)
{
    /// <summary>Removes a manifest.</summary>
    /// <returns>The content that the repository has lost, none if the manifest stays; and what could not be removed, each as a clause for people.</returns>
    /// <inheritdoc cref="IMirrorMetadata.EvictAsync"/>
    public async Task<(IReadOnlyList<Digest> Lost, IReadOnlyList<string> Left)> EvictAsync(
        RepositoryName repository, Digest digest, DateTimeOffset pulledBefore, ChangeOrigin origin, string reason, CancellationToken cancellationToken)
    {
        var lost = await metadata.EvictAsync(repository, digest, pulledBefore, origin, reason);
        return (lost, await eraser.EraseAsync(lost, cancellationToken));
    }
}
