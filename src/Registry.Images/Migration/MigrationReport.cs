namespace Registry.Images.Migration;

/// <summary>Result of a pass of a move.</summary>
public sealed record MigrationReport
{
    /// <summary>Name of the storage that the registry is moved from.</summary>
    public required string Source { get; init; }

    /// <summary>Name of the storage that it is moved to.</summary>
    public required string Target { get; init; }

    /// <summary>What was copied and removed, or would be.</summary>
    public required MigrationCounts Counts { get; init; }

    /// <summary>Number of blobs, manifests and tags that could not be copied or removed.</summary>
    public long Faulty { get; init; }

    /// <summary>The first of those, up to <see cref="FaultList.MaxKept"/>, each with the reason.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>The comparison after the last pass; null for another one.</summary>
    public MigrationComparison? Comparison { get; init; }

    /// <summary>True if the registry has moved: the comparison found no difference, and the source has its mark.</summary>
    public bool IsMoved { get; init; }
}
