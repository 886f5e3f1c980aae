using Registry.Core.Oci;

namespace Registry.Core.Inventory;

/// <summary>A tag of a manifest.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="SetAt">Time at which it was set to the manifest, to the millisecond; null if it is unknown.</param>
/// <param name="SetBy">User who has set it; null for an anonymous one, and if the change is not recorded any more.</param>
public sealed record ManifestTag(Tag Tag, DateTimeOffset? SetAt, string? SetBy);
