using Registry.Core.Inventory.Records;
using Registry.Core.Oci;

namespace Registry.Core.Inventory;

/// <summary>A manifest in a list.</summary>
public sealed record ManifestEntry
{
    public required Digest Digest { get; init; }

    public required string MediaType { get; init; }

    /// <inheritdoc cref="ListedManifest.ArtifactType"/>
    public string? ArtifactType { get; init; }

    public required ManifestKind Kind { get; init; }

    /// <inheritdoc cref="ListedManifest.TotalSize"/>
    public long? Size { get; init; }

    /// <summary>Time of the last push, to the second.</summary>
    public required DateTimeOffset PushedAt { get; init; }

    /// <summary>
    /// Platforms such as <c>linux/arm64/v8</c>, in the order of the index, up to <see cref="PlatformReader.Most"/>. Empty for an artifact, and if none is stated.
    /// </summary>
    public IReadOnlyList<string> Platforms { get; init; } = [];

    /// <summary>Tags of the manifest, in ordinal order, up to <see cref="InventoryOperations.MostTags"/>.</summary>
    public required IReadOnlyList<Tag> Tags { get; init; }

    /// <summary>True if the manifest has more tags.</summary>
    public bool HasMoreTags { get; init; }

    /// <summary>Manifest that it refers to; null for none.</summary>
    public Digest? Subject { get; init; }
}
