using Registry.Core.Oci;

namespace Registry.Core.Repositories;

/// <summary>What a repository holds.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Manifests">Number of manifests.</param>
/// <param name="Tags">Number of tags.</param>
/// <param name="Blobs">Number of blobs that it sees, those that only its trash needs included.</param>
/// <param name="Bytes">Size of the blobs and manifests in bytes, each digest once. Other repositories may have the same.</param>
/// <param name="Trashed">Number of deleted manifests that can be restored.</param>
public sealed record RepositorySummary(RepositoryName Repository, long Manifests, long Tags, long Blobs, long Bytes, long Trashed);
