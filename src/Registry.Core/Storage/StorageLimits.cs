namespace Registry.Core.Storage;

/// <summary>What clients may use of the storage.</summary>
public sealed record StorageLimits
{
    /// <summary>
    /// How much room pushes leave on the disk, in bytes: below it they are turned away as if it were full. Null for a hundredth of the file
    /// system, and at most 1 GiB; 0 for none.
    /// </summary>
    public long? Reserve { get; init; }

    /// <summary>The largest blob, in bytes.</summary>
    public long BlobMaxSize { get; init; } = long.MaxValue;

    /// <summary>How many uploads may be in progress that clients can come back to.</summary>
    public int MaxUploads { get; init; } = 10_000;
}
