namespace Registry.Images.Backup;

/// <summary>Result of a backup.</summary>
public sealed record BackupReport
{
    /// <summary>Name of the new generation.</summary>
    public required string Generation { get; init; }

    /// <summary>Names of all generations of the backup, the oldest first.</summary>
    public required IReadOnlyList<string> Generations { get; init; }

    /// <summary>Names of the removed generations, the oldest first.</summary>
    public required IReadOnlyList<string> Pruned { get; init; }

    /// <summary>Number of blobs and manifests that the metadata refers to.</summary>
    public required long Blobs { get; init; }

    /// <summary>Number of those that were copied, because the backup did not have them.</summary>
    public required long Copied { get; init; }

    /// <summary>Size of the copied blobs and manifests, in bytes.</summary>
    public required long CopiedBytes { get; init; }

    /// <summary>Number of those that an earlier backup had copied.</summary>
    public required long Kept { get; init; }

    /// <summary>Number of blobs removed from the backup, because no generation refers to them any more.</summary>
    public required long Removed { get; init; }

    /// <summary>Number of blobs that could not be copied.</summary>
    public required long Faulty { get; init; }

    /// <summary>Faults of the first of those, up to <see cref="BlobTransfer.MaxFaults"/>.</summary>
    public required IReadOnlyList<BlobFault> Faults { get; init; }
}
