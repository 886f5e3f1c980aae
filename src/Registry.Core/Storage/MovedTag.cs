using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>A tag that named another manifest before a push.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Before">The manifest that it named.</param>
public readonly record struct MovedTag(Tag Tag, Digest Before);
