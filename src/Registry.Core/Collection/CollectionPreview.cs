using Registry.Core.Collection.Records;
using Registry.Core.Oci;

namespace Registry.Core.Collection;

/// <summary>What a collection would remove now. The lists are cut off; the counts are complete.</summary>
/// <param name="Manifests">Manifests that would expire.</param>
/// <param name="Links">Links that would expire.</param>
/// <param name="Blobs">Blobs and manifests whose bytes would be removed then.</param>
/// <param name="Unknown">Blobs that the metadata does not know and that would be removed, each with its size in bytes.</param>
/// <param name="Kept">Blobs that the metadata does not know and that would stay, each with the place of a link.</param>
/// <param name="Estimate">Counts of what would be removed, and of everything.</param>
/// <param name="AllUnknown">Number of blobs that the metadata does not know, including those not listed.</param>
/// <param name="AllStored">Number of all stored blobs.</param>
public sealed record CollectionPreview(
    IReadOnlyList<ManifestRecord> Manifests,
    IReadOnlyList<LinkRecord> Links,
    RemovableBlobs Blobs,
    IReadOnlyList<KeyValuePair<Digest, long>> Unknown,
    IReadOnlyDictionary<Digest, string> Kept,
    CollectionEstimate Estimate,
    long AllUnknown,
    long AllStored)
{
    /// <summary>Number of blobs that would be removed, as far as they were examined.</summary>
    public long RemovedCount => Blobs.Count + Unknown.Count;

    /// <summary>Their size in bytes.</summary>
    public long RemovedBytes => Blobs.Bytes + Unknown.Sum(blob => blob.Value);

    /// <summary>Number of further blobs that the metadata does not know and that were not examined.</summary>
    public long NotExamined => AllUnknown - Unknown.Count - Kept.Count;
}
