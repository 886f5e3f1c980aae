namespace Registry.Core.Storage;

/// <summary>Totals of the storage. The metadata maintains them, so that reading them is cheap.</summary>
/// <param name="Blobs">Number of stored blobs and manifests, each counted once.</param>
/// <param name="StoredBytes">Their size in bytes.</param>
/// <param name="LogicalBytes">Size in bytes that all repositories would have if none shared a blob with another.</param>
/// <param name="Manifests">Number of manifests of all repositories.</param>
/// <param name="Repositories">Number of repositories that have a manifest.</param>
/// <param name="Tags">Number of tags of all repositories.</param>
/// <param name="Untagged">Number of manifests that neither a tag, nor an index, nor their subject holds.</param>
/// <param name="Changes">Number of recorded changes of tags and manifests.</param>
public sealed record StorageTotals(
    long Blobs, long StoredBytes, long LogicalBytes, long Manifests, long Repositories, long Tags, long Untagged, long Changes)
{
    /// <summary>Number of manifests in the trash of all repositories. No other number but those of the stored bytes has them.</summary>
    public long Trashed { get; init; }

    /// <summary>Size in bytes of these manifests, and of all that they referred to at their deletion: once for each of them.</summary>
    public long TrashedBytes { get; init; }
}
