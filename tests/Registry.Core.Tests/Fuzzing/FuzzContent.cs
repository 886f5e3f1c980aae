using Registry.Core.Oci;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>Content to push: bytes under a digest, and the references of a manifest.</summary>
internal sealed class FuzzContent
{
    public FuzzContent(byte[] bytes, DigestAlgorithm algorithm, Manifest? manifest = null)
    {
        Bytes = bytes;
        Digest = algorithm.Compute(bytes);
        Manifest = manifest;
        References = (manifest?.References ?? []).Select(reference => reference.Digest).ToHashSet();
    }

    public byte[] Bytes { get; }

    public Digest Digest { get; }

    public Manifest? Manifest { get; }

    /// <summary>Content that stays in a repository as long as this manifest does.</summary>
    public IReadOnlySet<Digest> References { get; }

    public override string ToString() => Digest.Value[..(Digest.Algorithm.Name.Length + 9)];
}
