using Registry.Core.Oci;

namespace Registry.Core.Metadata;

/// <summary>A blob or manifest that a snapshot of the metadata refers to.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Staged">Its bytes if they were staged: they had no file when the snapshot was taken.</param>
public sealed record SnapshotBlob(Digest Digest, long Size, byte[]? Staged);
