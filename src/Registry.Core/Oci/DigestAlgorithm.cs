using System.Security.Cryptography;

namespace Registry.Core.Oci;

/// <summary>A hash algorithm for the digests of content (OCI image-spec, descriptor.md, "Registered algorithms").</summary>
public sealed class DigestAlgorithm
{
    /// <summary>SHA-256, which every client supports and a push by tag uses.</summary>
    public static readonly DigestAlgorithm Sha256 = new("sha256", 64, HashAlgorithmName.SHA256);

    /// <summary>SHA-512.</summary>
    public static readonly DigestAlgorithm Sha512 = new("sha512", 128, HashAlgorithmName.SHA512);

    /// <summary>All supported algorithms.</summary>
    public static readonly IReadOnlyList<DigestAlgorithm> All = [Sha256, Sha512];

    private readonly HashAlgorithmName _hash;

    private DigestAlgorithm(string name, int hexLength, HashAlgorithmName hash)
    {
        Name = name;
        HexLength = hexLength;
        _hash = hash;
    }

    /// <summary>Name before the colon, in lower case.</summary>
    public string Name { get; }

    /// <summary>Number of hexadecimal digits after the colon.</summary>
    public int HexLength { get; }

    /// <summary>Finds an algorithm by its exact name; null if it is not supported.</summary>
    public static DigestAlgorithm? Find(ReadOnlySpan<char> name)
    {
        if (name.SequenceEqual(Sha256.Name))
        {
            return Sha256;
        }

        return name.SequenceEqual(Sha512.Name) ? Sha512 : null;
    }

    /// <summary>Starts a hash over content that arrives in parts. The caller disposes it.</summary>
    public IncrementalHash CreateHash() => IncrementalHash.CreateHash(_hash);

    /// <summary>Computes the digest of content in memory.</summary>
    public Digest Compute(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[HexLength / 2];
        CryptographicOperations.HashData(_hash, content, hash);
        return Digest.FromHash(this, hash);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
