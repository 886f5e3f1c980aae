namespace Registry.Images.Backup;

/// <summary>A generation of a backup.</summary>
/// <param name="Name">Time at which it was begun, in UTC.</param>
/// <param name="Blobs">Number of blobs and manifests that it refers to.</param>
/// <param name="Bytes">Size of those in bytes. Generations share equal blobs.</param>
public sealed record GenerationSummary(string Name, long Blobs, long Bytes);
