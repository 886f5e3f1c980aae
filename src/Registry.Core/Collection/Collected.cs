namespace Registry.Core.Collection;

/// <summary>Result of a collection.</summary>
/// <param name="Manifests">Number of expired manifests.</param>
/// <param name="Links">Number of expired links to blobs.</param>
/// <param name="Blobs">Number of blobs and manifests whose bytes were removed.</param>
public sealed record Collected(int Manifests, int Links, int Blobs);
