using Registry.Core.Manifests;
using Registry.Core.Oci;

namespace Registry.Mirror.Images;

/// <summary>Reads stored manifests.</summary>
internal static class StoredManifests
{
    /// <summary>Reads a manifest; null if it is not here, or cannot be read.</summary>
    public static async Task<Manifest?> ReadAsync(ManifestOperations manifests, RepositoryName repository, Digest digest, CancellationToken cancellationToken) =>
        StoredManifestReader.Read(await ReadBytesAsync(manifests, repository, digest, cancellationToken));

    /// <summary>Reads the bytes of a manifest; empty if it is not here.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(ManifestOperations manifests, RepositoryName repository, Digest digest, CancellationToken cancellationToken)
    {
        if (!(await manifests.GetAsync(repository, digest)).TryGet(out var found, out _))
        {
            return default;
        }

        await using (found.Content)
        {
            return await found.Content.ReadAsync(cancellationToken);
        }
    }
}
