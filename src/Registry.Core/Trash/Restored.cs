using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Trash;

/// <summary>A manifest that was taken out of the trash.</summary>
/// <param name="Digest">The manifest.</param>
/// <param name="Tags">Its tags that are set again.</param>
/// <param name="Kept">Its tags that exist, and stay as they are, with the manifests that they refer to.</param>
public sealed record Restored(Digest Digest, IReadOnlyList<Tag> Tags, IReadOnlyList<MovedTag> Kept);
