using Registry.Core.Oci;

namespace Registry.Core.Inventory;

/// <summary>A blob of a repository, and why it is kept there.</summary>
public sealed record BlobDetail
{
    /// <summary>Its digest.</summary>
    public required Digest Digest { get; init; }

    /// <summary>Size in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Manifests of the repository that refer to it, the last pushed first: up to <see cref="InventoryOperations.MostNamed"/> of them.</summary>
    public required IReadOnlyList<ManifestEntry> Manifests { get; init; }

    /// <summary>True if more manifests refer to it.</summary>
    public bool HasMoreManifests { get; init; }

    /// <summary>Deleted manifests in the trash of the repository that refer to it: up to <see cref="InventoryOperations.MostNamed"/> of them.</summary>
    public required IReadOnlyList<Digest> DeletedManifests { get; init; }

    /// <summary>True if it stays because something in the repository cannot be read.</summary>
    public bool IsPinned { get; init; }

    /// <summary>Running time until it expires, in seconds; negative when overdue, null while something needs it, or it does not expire.</summary>
    public long? ExpiresAfterSeconds { get; init; }
}
