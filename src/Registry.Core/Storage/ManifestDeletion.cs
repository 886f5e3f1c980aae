using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>A manifest that was deleted with its tags, or a tag that was deleted alone.</summary>
/// <param name="Digest">The manifest, or the one that the tag named.</param>
/// <param name="Size">The size of the manifest in bytes; null when it stays, because only a tag was deleted.</param>
/// <param name="Tags">The tags that were deleted.</param>
public sealed record ManifestDeletion(Digest Digest, long? Size, IReadOnlyList<Tag> Tags);
