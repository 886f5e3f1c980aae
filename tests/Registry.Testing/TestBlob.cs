using System.Security.Cryptography;
using System.Text;

namespace Registry.Testing;

/// <summary>A blob with its digests.</summary>
public sealed class TestBlob(byte[] bytes)
{
    /// <summary>The bytes.</summary>
    public byte[] Bytes { get; } = bytes;

    /// <summary>Their SHA-256 digest.</summary>
    public string Digest { get; } = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";

    /// <summary>Their SHA-512 digest.</summary>
    public string Sha512 { get; } = $"sha512:{Convert.ToHexStringLower(SHA512.HashData(bytes))}";

    /// <summary>Creates unique bytes.</summary>
    public static TestBlob Random(int size = 1000) => new(RandomNumberGenerator.GetBytes(size));

    /// <summary>Creates the bytes of a text.</summary>
    public static TestBlob OfText(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <summary>Digest in an algorithm.</summary>
    public string In(string algorithm) => algorithm == "sha512" ? Sha512 : Digest;
}
