using Registry.Core.Oci;

namespace Registry.Core.Inventory;

/// <summary>A tag in a list.</summary>
public sealed record TagEntry
{
    public required Tag Tag { get; init; }

    /// <summary>Manifest of the tag. Its tags include this one.</summary>
    public required ManifestEntry Manifest { get; init; }

    /// <summary>Time at which the tag was set to the manifest, to the millisecond; null if it is unknown.</summary>
    public DateTimeOffset? SetAt { get; init; }

    /// <summary>User who has set it; null for an anonymous one, and if the change is not recorded any more.</summary>
    public string? SetBy { get; init; }
}
