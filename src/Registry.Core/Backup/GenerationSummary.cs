namespace Registry.Core.Backup;

/// <summary>A generation of a backup.</summary>
/// <param name="Name">Its name, the time at which it was begun in UTC.</param>
/// <param name="Blobs">How many blobs and manifests it refers to.</param>
/// <param name="Bytes">Their size in bytes. Generations share what is the same.</param>
public sealed record GenerationSummary(string Name, long Blobs, long Bytes);
