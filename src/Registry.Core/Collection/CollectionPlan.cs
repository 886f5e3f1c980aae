using Registry.Core.Blobs;
using Registry.Core.Collection.Records;
using Registry.Core.Oci;
using Registry.Core.Promises;
using Registry.Core.Storage;

namespace Registry.Core.Collection;

/// <summary>Previews a collection, and explains why content is kept, by the rules of the collector. Changes nothing.</summary>
/// <param name="metadata">Metadata of the collector.</param>
/// <param name="blobs">Stored bytes.</param>
/// <param name="walk">Search for bytes that the metadata does not know.</param>
/// <param name="grace">The grace period.</param>
public sealed class CollectionPlan(ICollectorMetadata metadata, IBlobStore blobs, UnknownBlobSweep walk, GracePeriod grace)
{
    /// <summary>Estimates what a collection would remove now.</summary>
    public async Task<CollectionEstimate> EstimateAsync() =>
        new(await metadata.CountRemovableAsync(grace.Length), await metadata.CountAllAsync());

    /// <summary>Lists what a collection would remove.</summary>
    /// <param name="limit">Largest number of entries in a list.</param>
    /// <param name="progress">Receives the number of stored blobs that were looked at; null for none.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    public async Task<CollectionPreview> PreviewAsync(int limit, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var (found, unknown, passed) = await walk.FindAsync(progress, cancellationToken);
        var manifests = await metadata.ListIdleManifestsAsync(grace.Length, withRoots: false, limit);
        var links = await metadata.ListIdleAsync(grace.Length, limit);
        var removable = await metadata.ListRemovableBlobsAsync(grace.Length, limit);
        var estimate = await EstimateAsync();
        var linked = await walk.FindLinkedAsync(found, cancellationToken);
        var removed = new List<KeyValuePair<Digest, long>>();
        foreach (var digest in found.Where(digest => !linked.ContainsKey(digest)))
        {
            removed.Add(new(digest, await blobs.StatAsync(digest, cancellationToken) ?? 0));
        }

        return new CollectionPreview(manifests, links, removable, removed, linked, estimate, unknown, passed);
    }

    /// <summary>Lists the manifests that nothing has held for the grace period, including those that were pushed by themselves. Of both kinds, the longest idle come first.</summary>
    /// <param name="limit">Number of manifests at most.</param>
    public Task<IReadOnlyList<ManifestRecord>> ListUntaggedAsync(int limit = int.MaxValue) => metadata.ListIdleManifestsAsync(grace.Length, withRoots: true, limit);

    /// <summary>Explains why a blob or manifest is kept, or that it is not stored.</summary>
    /// <param name="digest">The blob or manifest.</param>
    /// <param name="limit">Number of entries of each kind at most.</param>
    /// <param name="cancellationToken">Stops the search for links.</param>
    /// <returns>Reasons in the metadata; size of the stored bytes, null if there are none; and a place that may link to unknown bytes, null for none.</returns>
    public async Task<(BlobExplanation Explanation, long? Stored, string? Place)> ExplainAsync(Digest digest, int limit, CancellationToken cancellationToken)
    {
        var explanation = await metadata.ExplainAsync(digest, limit);
        var stored = await blobs.StatAsync(new BlobPlace(digest, explanation.Key), cancellationToken);
        string? place = null;
        if (stored is not null && explanation.State == BlobState.Unknown)
        {
            (await walk.FindLinkedAsync([digest], cancellationToken)).TryGetValue(digest, out place);
        }

        return (explanation, stored, place);
    }
}
