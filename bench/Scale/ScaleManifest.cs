using Registry.Core.Oci;

namespace Registry.Bench.Scale;

/// <summary>A manifest of the <see cref="ScaleContent"/>.</summary>
/// <param name="Bytes">Its JSON.</param>
/// <param name="Blobs">The texts that are its config and its layers.</param>
/// <param name="Tags">Its tags.</param>
internal sealed record ScaleManifest(byte[] Bytes, IReadOnlyList<string> Blobs, IReadOnlyList<Tag> Tags)
{
    public Digest Digest => ScaleContent.DigestOf(Bytes);
}
