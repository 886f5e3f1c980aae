namespace Registry.Core.Maintenance;

/// <summary>What a collection has removed.</summary>
/// <param name="Manifests">How many manifests have expired.</param>
/// <param name="Links">How many links to blobs have expired.</param>
/// <param name="Blobs">The bytes of how many blobs and manifests were removed.</param>
public sealed record Collected(int Manifests, int Links, int Blobs);
