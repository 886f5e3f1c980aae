using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Metadata;

/// <summary>Record of a manifest, which answers requests that do not need its bytes.</summary>
/// <param name="Digest">Digest in the algorithm of the request or, by tag, in the one that the tag was set with.</param>
/// <param name="MediaType">Media type that it is served as.</param>
/// <param name="Size">Size in bytes.</param>
/// <param name="IdleSince">
/// Time since when nothing in its repository has held it (no tag, no manifest that refers to it, and no subject), in seconds of
/// <see cref="IGraceClock"/>; null while something does.
/// </param>
public sealed record StoredManifest(Digest Digest, string MediaType, long Size, long? IdleSince = null)
{
    /// <summary>Key of the bytes in a store that chooses keys; null in other stores.</summary>
    public string? Key { get; init; }

    /// <summary>Place of the bytes.</summary>
    public BlobPlace Place => new(Digest, Key);
}
