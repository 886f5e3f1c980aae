namespace Registry.Core.Storage;

/// <summary>How much there is of what the collector removes.</summary>
/// <param name="Manifests">Manifests.</param>
/// <param name="Links">Links to blobs.</param>
/// <param name="Blobs">Blobs and manifests as bytes, each once.</param>
public sealed record CollectorCounts(long Manifests, long Links, long Blobs);
