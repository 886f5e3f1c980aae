namespace Registry.Core.Maintenance;

/// <summary>What a collection is about to remove, and out of how much.</summary>
/// <param name="Links">Links that expire.</param>
/// <param name="AllLinks">All links.</param>
/// <param name="Blobs">Blobs that no link is left to already.</param>
/// <param name="AllBlobs">All blobs.</param>
public sealed record CollectionEstimate(long Links, long AllLinks, long Blobs, long AllBlobs)
{
    /// <summary>Whether it is more than anybody would expect; then somebody must say that it is right.</summary>
    public bool IsImplausible => Plausibility.IsExceeded(Links, AllLinks) || Plausibility.IsExceeded(Blobs, AllBlobs);
}
