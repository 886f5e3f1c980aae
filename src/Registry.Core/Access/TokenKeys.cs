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
            var keys = new List<SecurityKey>();
            foreach (var key in new JsonWebKeySet(text).Keys)
            {
                if (key.Kty is not ("RSA" or "EC"))
                {
                    throw new FormatException($"the key set holds a key of type '{key.Kty}'; allowed: RSA, EC");
                }

                if (key.HasPrivateKey)
                {
                    throw new FormatException("the key set holds a private key; the registry needs the public ones only");
                }

                keys.Add(key);
            }

            return keys;
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"not a JSON Web Key Set: {e.Message}", e);
        }
    }

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
            return new ECDsaSecurityKey(ecdsa);
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
            ? new ECDsaSecurityKey(ecdsa)
            : throw new FormatException("a certificate in it has a key that is neither RSA nor ECDSA");
    }

    private static RsaSecurityKey Checked(RSA rsa) => rsa.KeySize >= MinRsaBits
        ? new RsaSecurityKey(rsa)
        : throw new FormatException($"an RSA key in it has {rsa.KeySize} bits; at least {MinRsaBits} are needed");
}
