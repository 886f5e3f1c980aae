namespace Registry.Mirror.Images;

/// <summary>How far an image is here.</summary>
/// <param name="Blobs">Number of blobs that are here.</param>
/// <param name="AllBlobs">Number of its blobs.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="AllBytes">Size of its blobs.</param>
public readonly record struct WarmingProgress(long Blobs, long AllBlobs, long Bytes, long AllBytes);
