using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.Policies;

/// <summary>A blob that a repository is about to get, by a push or a mount.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Digest">The blob.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Origin">Origin of the change.</param>
public readonly record struct BlobChange(RepositoryName Repository, Digest Digest, long Size, ChangeOrigin Origin);
