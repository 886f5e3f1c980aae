using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Verification;

/// <summary>A recorded blob or manifest.</summary>
/// <param name="Id">Position in the order of verification.</param>
/// <param name="Digest">Digest of the content.</param>
/// <param name="Size">Recorded size, in bytes.</param>
/// <param name="IsLost">True if its bytes were found missing or damaged, and were not stored again since.</param>
public sealed record StoredContent(long Id, Digest Digest, long Size, bool IsLost = false)
{
    /// <summary>Key of the bytes in a store that chooses keys; null in other stores.</summary>
    public string? Key { get; init; }

    /// <summary>Place of the bytes.</summary>
    public BlobPlace Place => new(Digest, Key);
}
