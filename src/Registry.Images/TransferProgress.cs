namespace Registry.Images;

/// <summary>Progress of an operation on stored bytes: a backup, a restore, an export, an import, a copy or a verification.</summary>
/// <param name="Blobs">Number of finished blobs and manifests.</param>
/// <param name="AllBlobs">Number of all blobs and manifests; null if unknown.</param>
/// <param name="Bytes">Size of the finished ones, in bytes.</param>
/// <param name="AllBytes">Size of all, in bytes; null if unknown.</param>
public readonly record struct TransferProgress(long Blobs, long? AllBlobs, long Bytes, long? AllBytes);
