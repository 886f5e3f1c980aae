using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>Content that the metadata knows: a blob or a manifest.</summary>
/// <param name="Id">Its place in the order in which it is verified.</param>
/// <param name="Digest">Its address.</param>
/// <param name="Size">The size on record, in bytes.</param>
/// <param name="IsLost">Whether its bytes were found missing or damaged, and nobody has brought them since.</param>
public sealed record StoredContent(long Id, Digest Digest, long Size, bool IsLost = false);
