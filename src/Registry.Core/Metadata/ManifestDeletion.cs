using Registry.Core.Oci;

namespace Registry.Core.Metadata;

/// <summary>A deleted manifest with its tags, or a deleted tag.</summary>
/// <param name="Digest">The manifest, or the manifest of the tag.</param>
/// <param name="Size">Size of the manifest in bytes; null if only a tag was deleted.</param>
/// <param name="Tags">The deleted tags.</param>
public sealed record ManifestDeletion(Digest Digest, long? Size, IReadOnlyList<Tag> Tags);
