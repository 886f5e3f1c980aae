namespace Registry.Core.Storage;

/// <summary>Limits of the storage that clients may use.</summary>
public sealed record StorageLimits
{
    /// <summary>
    /// Free space that pushes must leave on the disk, in bytes; with less, they are refused as if the disk were full. Null for a hundredth of the
    /// file system, but at most 1 GiB; 0 for none.
    /// </summary>
    public long? Reserve { get; init; }

    /// <summary>Size of the largest blob, in bytes.</summary>
    public long BlobMaxSize { get; init; } = long.MaxValue;

    /// <summary>Largest number of layers, or of children of an index, that a pushed manifest may list.</summary>
    public int ManifestMaxDescriptors { get; init; } = 10_000;

    /// <summary>Largest number of uploads in progress with a session. One holder may have a quarter of them at most, or sixteen.</summary>
    public int MaxUploads { get; init; } = 10_000;
}
