using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>Place of bytes in a blob store. A digest is the place of its bytes in a store that names them by digests, such as one of files.</summary>
/// <param name="Digest">Digest of the bytes; null in the listing of a store whose keys do not tell it.</param>
/// <param name="Key">Key that a store has chosen for the bytes, and the metadata records; null in a store that finds them by their digest.</param>
public readonly record struct BlobPlace(Digest? Digest, string? Key = null)
{
    /// <summary>Digest of bytes that are about to be recorded.</summary>
    /// <exception cref="InvalidOperationException">The place comes from a listing, and does not tell it.</exception>
    public Digest Known => Digest ?? throw new InvalidOperationException($"The place {Key} does not tell the digest of its bytes.");

    public static implicit operator BlobPlace(Digest digest) => new(digest);

    /// <inheritdoc/>
    public override string ToString() => Key ?? Digest?.Value ?? string.Empty;
}
