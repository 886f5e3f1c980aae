namespace Registry.Core.Collection.Records;

/// <summary>Numbers of the objects that the collector removes.</summary>
/// <param name="Manifests">Number of manifests.</param>
/// <param name="Links">Number of links to blobs.</param>
/// <param name="Blobs">Number of blobs and manifests as bytes, each counted once.</param>
public sealed record CollectorCounts(long Manifests, long Links, long Blobs);
