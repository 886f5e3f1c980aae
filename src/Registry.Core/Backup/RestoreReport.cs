namespace Registry.Core.Backup;

/// <summary>What a restore has done.</summary>
public sealed record RestoreReport
{
    /// <summary>The name of the generation that was restored.</summary>
    public required string Generation { get; init; }

    /// <summary>How many blobs and manifests were restored.</summary>
    public required long Blobs { get; init; }

    /// <summary>The size in bytes of those that were copied; an interrupted restore that is run again does not copy all of them.</summary>
    public required long Bytes { get; init; }

    /// <summary>How many could not be restored.</summary>
    public required long Faulty { get; init; }

    /// <summary>The first of those, up to <see cref="BlobTransfer.MaxFaults"/>.</summary>
    public required IReadOnlyList<BlobFault> Faults { get; init; }
}
