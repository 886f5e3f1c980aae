using Registry.Core.Storage;

namespace Registry.Core.Maintenance;

/// <summary>What a collection is about to remove, and out of how much.</summary>
/// <param name="Removable">Manifests and links that expire, and blobs that no link is left to already.</param>
/// <param name="All">All of each.</param>
public sealed record CollectionEstimate(CollectorCounts Removable, CollectorCounts All)
{
    /// <summary>Whether it is more than expected; then an operator must say that it is right.</summary>
    public bool IsImplausible =>
        Plausibility.IsExceeded(Removable.Manifests, All.Manifests)
        || Plausibility.IsExceeded(Removable.Links, All.Links)
        || Plausibility.IsExceeded(Removable.Blobs, All.Blobs);
}
