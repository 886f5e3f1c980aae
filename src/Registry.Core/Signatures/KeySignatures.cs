using System.Security.Cryptography;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Signatures;

/// <summary>
/// Verifies signatures with a key of the rules, as cosign makes them: ECDSA as DER, RSA with PKCS #1 v1.5. cosign 2 hashes with SHA-256 whatever the key, cosign 3 with the
/// hash that fits the curve.
/// </summary>
internal static class KeySignatures
{
    /// <summary>Size of the largest signature that is verified, in bytes: that of an RSA key of 16,384 bits.</summary>
    public const int MaxSize = 2048;

    private static readonly HashAlgorithmName[] RsaHashes = [HashAlgorithmName.SHA256];
    private static readonly HashAlgorithmName[] CurveHashes = [HashAlgorithmName.SHA256, HashAlgorithmName.SHA384, HashAlgorithmName.SHA512];

    /// <summary>True if a key has made the signature of a message.</summary>
    public static bool IsOfMessage(SigningKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        foreach (var algorithm in key.Kind == SigningKeyKind.Rsa ? RsaHashes : CurveHashes)
        {
            var length = CryptographicOperations.HashData(algorithm, message, hash);
            if (IsOfHash(key, algorithm, hash[..length], signature))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True if a key has made the signature of the message that has a digest.</summary>
    public static bool IsOfDigest(SigningKey key, Digest digest, ReadOnlySpan<byte> signature) => IsOfHash(
        key,
        digest.Algorithm == DigestAlgorithm.Sha512 ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256,
        Convert.FromHexString(digest.Hex),
        signature);

    private static bool IsOfHash(SigningKey key, HashAlgorithmName algorithm, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature)
    {
        if (signature.Length > MaxSize)
        {
            return false;
        }

        try
        {
            if (key.Kind == SigningKeyKind.Rsa)
            {
                using var rsa = RSA.Create();
                rsa.ImportSubjectPublicKeyInfo(key.Content.Span, out _);
                return rsa.VerifyHash(hash, signature, algorithm, RSASignaturePadding.Pkcs1);
            }

            using var ecdsa = ECDsa.Create();
            ecdsa.ImportSubjectPublicKeyInfo(key.Content.Span, out _);
            return ecdsa.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            // What is no signature at all.
            return false;
        }
    }
}
