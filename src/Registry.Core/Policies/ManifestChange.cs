using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.Policies;

/// <summary>A manifest that is about to be recorded or deleted.</summary>
/// <param name="Repository">Its repository.</param>
/// <param name="Digest">The manifest.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Content">The parsed manifest; null if it is deleted.</param>
/// <param name="Origin">Origin of the change.</param>
public readonly record struct ManifestChange(RepositoryName Repository, Digest Digest, long Size, Manifest? Content, ChangeOrigin Origin);
