using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Registry.Core.Policies.Rules;

/// <summary>A public key that verifies signatures of images.</summary>
/// <param name="Path">Path of its file, as the policy file has it.</param>
/// <param name="Kind">Its algorithm.</param>
/// <param name="Content">The key as DER (SubjectPublicKeyInfo, RFC 5280, section 4.1).</param>
public sealed record SigningKey(string Path, SigningKeyKind Kind, ReadOnlyMemory<byte> Content)
{
    private const int MinRsaBits = 2048;
    private const string Label = "PUBLIC KEY";
    private const string Ed25519 = "1.3.101.112";
    private const string Allowed = "a PEM file with one public key, as 'cosign public-key' writes";

    /// <summary>SHA-256 of <see cref="Content"/> in hexadecimal: the same for the same key, whatever its file.</summary>
    public string Fingerprint { get; } = Convert.ToHexStringLower(SHA256.HashData(Content.Span));

    /// <summary>Reads the file of a key.</summary>
    /// <param name="path">Its path, as the policy file has it.</param>
    /// <param name="pem">Its content.</param>
    /// <exception cref="FormatException">It is no public key that can be used; the message is a clause.</exception>
    public static SigningKey Read(string path, ReadOnlySpan<byte> pem)
    {
        var text = Encoding.UTF8.GetString(pem);
        if (!PemEncoding.TryFind(text, out var fields))
        {
            throw new FormatException($"it contains no key; allowed: {Allowed}");
        }

        var label = text[fields.Label];
        if (label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
        {
            throw new FormatException($"it is a private key, which the registry must not have; allowed: {Allowed}");
        }

        if (label != Label || PemEncoding.TryFind(text.AsSpan(fields.Location.End.GetOffset(text.Length)), out _))
        {
            throw new FormatException($"it contains {(label == Label ? "more than one key" : $"a {label}")}; allowed: {Allowed}");
        }

        var content = Convert.FromBase64String(text[fields.Base64Data]);
        return new SigningKey(path, KindOf(content), content);
    }

    /// <inheritdoc/>
    public bool Equals(SigningKey? other) => other is not null && Path == other.Path && Fingerprint == other.Fingerprint;

    /// <inheritdoc/>
    public override int GetHashCode() => Fingerprint.GetHashCode(StringComparison.Ordinal);

    private static SigningKeyKind KindOf(byte[] content)
    {
        try
        {
            var key = PublicKey.CreateFromSubjectPublicKeyInfo(content, out _);
            if (key.Oid.Value == Ed25519)
            {
                throw new FormatException("it is an Ed25519 key, which this registry cannot verify with; allowed: ECDSA on P-256, P-384 or P-521, and RSA");
            }

            using var rsa = key.GetRSAPublicKey();
            if (rsa is not null)
            {
                return rsa.KeySize >= MinRsaBits
                    ? SigningKeyKind.Rsa
                    : throw new FormatException($"it has {rsa.KeySize} bits; RSA needs at least {MinRsaBits}");
            }

            using var ecdsa = key.GetECDsaPublicKey();
            return ecdsa?.ExportParameters(includePrivateParameters: false).Curve.Oid.Value switch
            {
                "1.2.840.10045.3.1.7" or "1.3.132.0.34" or "1.3.132.0.35" => SigningKeyKind.Ecdsa,
                _ => throw new FormatException("it is of another kind; allowed: ECDSA on P-256, P-384 or P-521, and RSA"),
            };
        }
        catch (CryptographicException e)
        {
            throw new FormatException($"it is no public key that can be read: {e.Message.TrimEnd('.')}", e);
        }
    }
}
