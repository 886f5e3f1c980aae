namespace Registry.Images;

/// <summary>Limits on a layout that is imported.</summary>
/// <param name="MaxManifestSize">Size of the largest accepted manifest, in bytes.</param>
public sealed record LayoutLimits(long MaxManifestSize)
{
    /// <summary>Number of entries of an archive: their record takes some hundred MiB.</summary>
    public int MaxEntries { get; init; } = 1_000_000;
}
