using Registry.Core.Oci;

namespace Registry.Core.Repositories;

/// <summary>Manifests that a turn of the deletion of a repository has deleted.</summary>
public sealed record DeletionTurn
{
    /// <summary>The turn after the last one.</summary>
    public static DeletionTurn None { get; } = new();

    /// <summary>Position from which the next turn continues; null if no manifest is left.</summary>
    public long? Next { get; init; }

    /// <summary>Number of deleted manifests.</summary>
    public long Manifests { get; init; }

    /// <summary>Number of tags that were deleted with them.</summary>
    public long Tags { get; init; }

    /// <summary>Sizes of the manifests in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Number of manifests that are in the trash now.</summary>
    public long Trashed { get; init; }

    /// <summary>A manifest with so many tags that it must be deleted alone, in turns of its own; null if there is none. The next turn comes after it.</summary>
    public Digest? Heavy { get; init; }
}
