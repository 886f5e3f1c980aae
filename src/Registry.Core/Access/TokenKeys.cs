using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace Registry.Core.Access;

/// <summary>
/// The keys that tokens may be signed with: public keys and certificates in PEM, any number of them in one file, or a JSON Web Key Set
/// (RFC 7517). RSA and ECDSA only.
/// </summary>
public static class TokenKeys
{
    private const int MinRsaBits = 2048;
    private const string Curves = "P-256, P-384, P-521";

    /// <summary>Reads a key file.</summary>
    /// <exception cref="FormatException">It holds no usable key, or something that does not belong there.</exception>
    public static IReadOnlyList<SecurityKey> Read(byte[] content)
    {
        var text = Encoding.UTF8.GetString(content).TrimStart('\uFEFF').Trim();
        var keys = text.StartsWith('{') ? ReadKeySet(text) : ReadPem(text);
        return keys.Count > 0 ? keys : throw new FormatException("no public key, certificate or JSON Web Key Set is in it");
    }

    private static List<SecurityKey> ReadKeySet(string text)
    {
        try
        {
            return [.. new JsonWebKeySet(text).Keys.Where(key => key.Use is null or "" or "sig").Select(ReadKey)];
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"not a JSON Web Key Set: {e.Message}", e);
        }
    }

    // The numbers of the key and nothing else: a certificate that comes along in "x5c" could be of another key.
    private static SecurityKey ReadKey(JsonWebKey key)
    {
        if (key.D is not null)
        {
            throw new FormatException("the key set holds a private key; the registry needs the public ones only");
        }

        try
        {
            return key.Kty switch
            {
                "RSA" => Checked(
                    RSA.Create(new RSAParameters { Modulus = Base64UrlEncoder.DecodeBytes(key.N), Exponent = Base64UrlEncoder.DecodeBytes(key.E) }),
                    key.Kid),
                "EC" => Checked(
                    ECDsa.Create(new ECParameters
                    {
                        Curve = CurveOf(key.Crv),
                        Q = new ECPoint { X = Base64UrlEncoder.DecodeBytes(key.X), Y = Base64UrlEncoder.DecodeBytes(key.Y) },
                    }),
                    key.Kid),
                _ => throw new FormatException($"the key set holds a key of type '{key.Kty}'; allowed: RSA, EC"),
            };
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new FormatException($"the key '{key.Kid}' of the key set cannot be read: {e.Message}", e);
        }
    }

    private static ECCurve CurveOf(string name) => name switch
    {
        "P-256" => ECCurve.NamedCurves.nistP256,
        "P-384" => ECCurve.NamedCurves.nistP384,
        "P-521" => ECCurve.NamedCurves.nistP521,
        _ => throw new CryptographicException($"its curve is '{name}'; allowed: {Curves}"),
    };

    private static List<SecurityKey> ReadPem(string text)
    {
        var keys = new List<SecurityKey>();
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            var label = rest[fields.Label].ToString();
            var pem = rest[fields.Location].ToString();
            rest = rest[fields.Location.End..];
            try
            {
                keys.Add(label switch
                {
                    "PUBLIC KEY" => ReadPublicKey(pem),
                    "RSA PUBLIC KEY" => ReadRsa(pem),
                    "CERTIFICATE" => ReadCertificate(pem),
                    _ when label.EndsWith("PRIVATE KEY", StringComparison.Ordinal) =>
                        throw new FormatException("it holds a private key; the registry needs the public one only"),
                    _ => throw new FormatException($"it holds a '{label}'; allowed: PUBLIC KEY, RSA PUBLIC KEY, CERTIFICATE"),
                });
            }
            catch (CryptographicException e)
            {
                throw new FormatException($"a {label} in it cannot be read: {e.Message}", e);
            }
        }

        return keys;
    }

    private static SecurityKey ReadPublicKey(string pem)
    {
        try
        {
            return ReadRsa(pem);
        }
        catch (CryptographicException)
        {
            var ecdsa = ECDsa.Create();
            ecdsa.ImportFromPem(pem);
            return Checked(ecdsa);
        }
    }

    private static RsaSecurityKey ReadRsa(string pem)
    {
        var rsa = RSA.Create();
        rsa.ImportFromPem(pem);
        return Checked(rsa);
    }

    private static SecurityKey ReadCertificate(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        if (certificate.GetRSAPublicKey() is { } rsa)
        {
            return Checked(rsa);
        }

        return certificate.GetECDsaPublicKey() is { } ecdsa
            ? Checked(ecdsa)
            : throw new FormatException("a certificate in it has a key that is neither RSA nor ECDSA");
    }

    private static RsaSecurityKey Checked(RSA rsa, string? id = null) => rsa.KeySize >= MinRsaBits
        ? new RsaSecurityKey(rsa) { KeyId = id }
        : throw new FormatException($"an RSA key in it has {rsa.KeySize} bits; at least {MinRsaBits} are needed");

    private static ECDsaSecurityKey Checked(ECDsa ecdsa, string? id = null) =>
        ecdsa.ExportParameters(includePrivateParameters: false).Curve.Oid.Value is "1.2.840.10045.3.1.7" or "1.3.132.0.34" or "1.3.132.0.35"
            ? new ECDsaSecurityKey(ecdsa) { KeyId = id }
            : throw new FormatException($"an ECDSA key in it is on another curve than those allowed: {Curves}");
}
