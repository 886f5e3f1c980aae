using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Trash;

/// <summary>The error of a request that names a manifest which is not in the trash.</summary>
internal static class TrashAbsence
{
    /// <summary>Says if the repository has the manifest itself, or nothing of it.</summary>
    /// <param name="metadata">Metadata with the manifests that are not in the trash.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The manifest.</param>
    /// <returns>MANIFEST_UNKNOWN with a detail for people.</returns>
    public static async Task<RegistryError> DescribeAsync(IMetadataStore metadata, RepositoryName repository, Digest digest) => new(
        RegistryErrorCode.ManifestUnknown,
        await metadata.FindManifestAsync(repository, digest) is null
            ? $"{digest} is not in the trash of {repository}"
            : $"{repository} has {digest}; it is not in the trash");
}
