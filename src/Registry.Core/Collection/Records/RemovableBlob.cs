using Registry.Core.Oci;

namespace Registry.Core.Collection.Records;

/// <summary>A blob or manifest whose bytes a collection would remove.</summary>
/// <param name="Digest">Digest of the content.</param>
/// <param name="Size">Recorded size, in bytes.</param>
/// <param name="IsOrphan">True if no repository has it any more; else the repositories that have it would first lose it.</param>
public sealed record RemovableBlob(Digest Digest, long Size, bool IsOrphan);
