using Registry.Core.Collection;
using Registry.Core.Oci;

namespace Registry.Core.Inventory;

/// <summary>A manifest, what refers to it, and why it is kept. Lists have up to <see cref="InventoryOperations.MostNamed"/> entries.</summary>
public sealed record ManifestDetail
{
    /// <summary>The manifest as in a list.</summary>
    public required ManifestEntry Manifest { get; init; }

    /// <summary>Its tags, in ordinal order.</summary>
    public required IReadOnlyList<ManifestTag> Tags { get; init; }

    /// <summary>True if it has more tags.</summary>
    public bool HasMoreTags { get; init; }

    /// <summary>Manifests of the repository that refer to it; indexes, as a rule.</summary>
    public required IReadOnlyList<Digest> Parents { get; init; }

    /// <summary>True if more manifests refer to it.</summary>
    public bool HasMoreParents { get; init; }

    /// <summary>Number of manifests whose subject it is, up to <see cref="InventoryOperations.LargestCount"/>.</summary>
    public UpTo Referrers { get; init; }

    /// <summary>Why it is kept.</summary>
    public required ManifestKeep Keep { get; init; }
}
