using Registry.Core.Oci;

namespace Registry.Core.Signatures;

/// <summary>
/// What an image is signed by: manifests that the repository has under a tag or digest. That the signature is valid follows from their content, which never changes; so the image is
/// signed as long as all of them are there.
/// </summary>
/// <param name="Manifests">The manifests: that of the signature, and the indexes from the signed one down to the image.</param>
internal sealed record HeldSignature((Reference Reference, Digest Digest)[] Manifests)
{
    /// <summary>For an image that needs no signature, since it is one.</summary>
    public static HeldSignature None { get; } = new([]);
}
