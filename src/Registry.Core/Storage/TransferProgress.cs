namespace Registry.Core.Storage;

/// <summary>How far work on stored bytes is: a backup, a restore, an export, an import, a copy or a verification.</summary>
/// <param name="Blobs">How many blobs and manifests are done.</param>
/// <param name="AllBlobs">How many there are; null when that is not known.</param>
/// <param name="Bytes">The size of those that are done, in bytes.</param>
/// <param name="AllBytes">The size of all; null when that is not known.</param>
public readonly record struct TransferProgress(long Blobs, long? AllBlobs, long Bytes, long? AllBytes);
