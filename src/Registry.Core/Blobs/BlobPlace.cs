using Registry.Core.Oci;

namespace Registry.Core.Blobs;

/// <summary>Place of bytes in a blob store. A digest is the place of its bytes in a store that names them by digests, such as one of files.</summary>
/// <param name="Digest">Digest of the bytes; null in the listing of a store whose keys do not tell it.</param>
/// <param name="Key">Key that a store has chosen for the bytes, and the metadata records; null in a store that finds them by their digest.</param>
public readonly record struct BlobPlace(Digest? Digest, string? Key = null)
{
    public static implicit operator BlobPlace(Digest digest) => new(digest);

    /// <inheritdoc/>
    public override string ToString() => Key ?? Digest?.Value ?? string.Empty;
}
