using System.Security.Cryptography;

namespace Registry.Core.Oci;

/// <summary>A hash algorithm that content can be addressed by (OCI image-spec, descriptor.md, "Registered algorithms").</summary>
public sealed class DigestAlgorithm
{
    /// <summary>SHA-256, the algorithm every client knows and the one a tag push uses.</summary>
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

    /// <summary>The name in front of the colon, lower case.</summary>
    public string Name { get; }

    /// <summary>The number of hexadecimal digits after the colon.</summary>
    public int HexLength { get; }

    /// <summary>Finds an algorithm by its exact name; null when it is not supported.</summary>
    public static DigestAlgorithm? Find(ReadOnlySpan<char> name)
    {
        if (name.SequenceEqual(Sha256.Name))
        {
            return Sha256;
        }

        return name.SequenceEqual(Sha512.Name) ? Sha512 : null;
    }

    /// <summary>Starts a hash over content that arrives in pieces. The caller disposes it.</summary>
    public IncrementalHash CreateHash() => IncrementalHash.CreateHash(_hash);

    /// <summary>The digest of content that is in memory.</summary>
    public Digest Compute(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[HexLength / 2];
        CryptographicOperations.HashData(_hash, content, hash);
        return Digest.FromHash(this, hash);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
