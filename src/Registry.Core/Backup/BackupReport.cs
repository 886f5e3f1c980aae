namespace Registry.Core.Backup;

/// <summary>What a backup has done.</summary>
public sealed record BackupReport
{
    /// <summary>The name of the generation that was made.</summary>
    public required string Generation { get; init; }

    /// <summary>The names of all generations that the backup has now, the oldest first.</summary>
    public required IReadOnlyList<string> Generations { get; init; }

    /// <summary>The names of the generations that were removed, the oldest first.</summary>
    public required IReadOnlyList<string> Pruned { get; init; }

    /// <summary>How many blobs and manifests the metadata refer to.</summary>
    public required long Blobs { get; init; }

    /// <summary>How many of them were copied, because the backup did not have them.</summary>
    public required long Copied { get; init; }

    /// <summary>The size of those, in bytes.</summary>
    public required long CopiedBytes { get; init; }

    /// <summary>How many of them an earlier backup had copied.</summary>
    public required long Kept { get; init; }

    /// <summary>How many were removed from the backup, because no generation refers to them any more.</summary>
    public required long Removed { get; init; }

    /// <summary>How many could not be copied.</summary>
    public required long Faulty { get; init; }

    /// <summary>The first of those, up to <see cref="BlobTransfer.MaxFaults"/>.</summary>
    public required IReadOnlyList<BlobFault> Faults { get; init; }
}
