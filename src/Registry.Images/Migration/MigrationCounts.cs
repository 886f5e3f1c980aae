namespace Registry.Images.Migration;

/// <summary>Amount of content that a pass of a move copies and removes.</summary>
public sealed record MigrationCounts
{
    /// <summary>Number of blobs whose bytes are copied.</summary>
    public long Blobs { get; init; }

    /// <summary>Their size in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Number of blobs that are only linked into a further repository.</summary>
    public long Links { get; init; }

    /// <summary>Number of manifests that are copied, counted once for each repository.</summary>
    public long Manifests { get; init; }

    /// <summary>Number of tags that are set or moved.</summary>
    public long Tags { get; init; }

    /// <summary>Number of tags, manifests and blobs that are removed, counted once for each repository.</summary>
    public long Removed { get; init; }
}
