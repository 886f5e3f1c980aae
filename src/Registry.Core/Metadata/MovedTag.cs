using Registry.Core.Oci;

namespace Registry.Core.Metadata;

/// <summary>A tag that referred to another manifest before a push.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Before">The manifest that it referred to.</param>
public readonly record struct MovedTag(Tag Tag, Digest Before);
