namespace Registry.Core.Storage;

/// <summary>How much there is. The metadata counts along, so that asking costs nothing.</summary>
/// <param name="Blobs">How many blobs and manifests are stored, each once.</param>
/// <param name="StoredBytes">The bytes of those.</param>
/// <param name="LogicalBytes">The bytes that all repositories would take if none shared a blob with another.</param>
/// <param name="Manifests">How many manifests all repositories hold.</param>
/// <param name="Repositories">How many repositories hold a manifest.</param>
/// <param name="Tags">How many tags all repositories have.</param>
/// <param name="Untagged">How many manifests neither a tag nor an index nor their subject holds.</param>
public sealed record StorageTotals(long Blobs, long StoredBytes, long LogicalBytes, long Manifests, long Repositories, long Tags, long Untagged);
