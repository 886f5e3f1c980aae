namespace Registry.Mirror.Images;

/// <summary>An image of an upstream that is here as a whole.</summary>
/// <param name="Manifests">Number of its manifests.</param>
/// <param name="Blobs">Number of its blobs.</param>
/// <param name="FetchedBytes">Size of those blobs that were not here.</param>
/// <param name="Missing">Number of manifests in the list of an index that the upstream does not have.</param>
public sealed record WarmedImage(long Manifests, long Blobs, long FetchedBytes, long Missing);
