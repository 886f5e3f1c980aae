using Registry.Core.Manifests;
using Registry.Core.Oci;

namespace Registry.Mirror.Images;

/// <summary>Reads stored manifests.</summary>
internal static class StoredManifests
{
    /// <summary>Reads a manifest; null if it is not here, or cannot be read.</summary>
    public static async Task<Manifest?> ReadAsync(ManifestOperations manifests, RepositoryName repository, Digest digest, CancellationToken cancellationToken)
    {
        if (!(await manifests.GetAsync(repository, digest)).TryGet(out var found, out _))
        {
            return null;
        }

        await using (found.Content)
        {
            return StoredManifestReader.Read(await found.Content.ReadAsync(cancellationToken));
        }
    }
}
