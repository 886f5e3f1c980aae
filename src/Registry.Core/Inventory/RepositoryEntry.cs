using Registry.Core.Oci;

namespace Registry.Core.Inventory;

/// <summary>A repository in a list.</summary>
public sealed record RepositoryEntry
{
    public required RepositoryName Name { get; init; }

    /// <summary>Time of the last push, to the millisecond; null if none is recorded, as after the indexing of a tree.</summary>
    public DateTimeOffset? PushedAt { get; init; }

    /// <summary>User of the last push; null for an anonymous one, and if none is recorded.</summary>
    public string? PushedBy { get; init; }

    /// <summary>Number of tags, up to <see cref="InventoryOperations.LargestCount"/>.</summary>
    public UpTo Tags { get; init; }

    /// <summary>Number of manifests, up to <see cref="InventoryOperations.LargestCount"/>.</summary>
    public UpTo Manifests { get; init; }

    /// <summary>Size of the manifests and of the blobs that they need in bytes, by the last computation of space; 0 if the repository is newer.</summary>
    public long Size { get; init; }
}
