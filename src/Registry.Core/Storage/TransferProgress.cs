namespace Registry.Core.Backup;

/// <summary>How far a backup or a restore is.</summary>
/// <param name="Blobs">How many blobs and manifests are done.</param>
/// <param name="AllBlobs">How many there are.</param>
/// <param name="Bytes">The size of those that are done, in bytes.</param>
/// <param name="AllBytes">The size of all.</param>
public readonly record struct TransferProgress(long Blobs, long AllBlobs, long Bytes, long AllBytes);
