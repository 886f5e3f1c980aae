namespace Registry.Images.Backup;

/// <summary>Result of a restore.</summary>
public sealed record RestoreReport
{
    /// <summary>Name of the restored generation.</summary>
    public required string Generation { get; init; }

    /// <summary>Number of restored blobs and manifests.</summary>
    public required long Blobs { get; init; }

    /// <summary>Size in bytes of those that were copied; a run that continues an interrupted restore does not copy all of them.</summary>
    public required long Bytes { get; init; }

    /// <summary>Number of blobs and manifests that could not be restored.</summary>
    public required long Faulty { get; init; }

    /// <summary>Faults of the first of those, up to <see cref="BlobTransfer.MaxFaults"/>.</summary>
    public required IReadOnlyList<BlobFault> Faults { get; init; }
}
