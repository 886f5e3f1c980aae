using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>A blob or manifest whose bytes a collection would remove.</summary>
/// <param name="Digest">Which.</param>
/// <param name="Size">Its size on record, in bytes.</param>
/// <param name="IsOrphan">Whether no repository has it already; else the last ones that have it would lose it first.</param>
public sealed record RemovableBlob(Digest Digest, long Size, bool IsOrphan);
