using Registry.Core.Collection.Records;

namespace Registry.Core.Collection;

/// <summary>Amount that a collection would remove, and the total.</summary>
/// <param name="Removable">Manifests and links that would expire, and blobs without a link.</param>
/// <param name="All">Total of each.</param>
public sealed record CollectionEstimate(CollectorCounts Removable, CollectorCounts All)
{
    /// <summary>True if the collection would remove more than expected; then an operator must confirm it.</summary>
    public bool IsImplausible =>
        Plausibility.IsExceeded(Removable.Manifests, All.Manifests)
        || Plausibility.IsExceeded(Removable.Links, All.Links)
        || Plausibility.IsExceeded(Removable.Blobs, All.Blobs);
}
