using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Registry.Core.Access.Tokens;

/// <summary>
/// Reads the keys that verify tokens: any number of public keys and certificates in PEM, a JSON Web Key Set, or a single JSON Web Key
/// (RFC 7517). RSA and ECDSA only. A key that cannot be used does not affect the others (section 5).
/// </summary>
public static class TokenKeys
{
    private const int MinRsaBits = 2048;
    private const string Curves = "P-256, P-384, P-521";
    private const string Private = "is a private key; the registry needs the public one only";

    /// <summary>Reads a key file.</summary>
    /// <param name="content">Bytes of the file.</param>
    /// <param name="ignored">Keys that cannot be used, each as a clause with its name and the reason. Keys for encryption are not among them.</param>
    /// <exception cref="FormatException">The file contains no usable key.</exception>
    public static IReadOnlyList<SecurityKey> Read(byte[] content, out IReadOnlyList<string> ignored)
    {
        var text = Encoding.UTF8.GetString(content.AsSpan().StartsWith("\uFEFF"u8) ? content.AsSpan(3) : content).Trim();
        var faults = new List<string>();
        ignored = faults;
        var keys = text.StartsWith('{') ? ReadKeySet(text, faults) : ReadPem(text, faults);
        return keys.Count > 0 ? keys
            : throw new FormatException(faults.Count == 0
                ? "it contains no public key, certificate or JSON Web Key Set"
                : $"it contains no usable key: {string.Join("; ", faults)}");
    }

    private static List<SecurityKey> ReadKeySet(string text, List<string> faults)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            if (root.TryGetProperty("keys", out var set))
            {
                return set.ValueKind == JsonValueKind.Array
                    ? ReadAll(set.EnumerateArray().Select((key, i) => (Name(key, i), (Func<SecurityKey?>)(() => ReadKey(key)))), faults)
                    : throw new FormatException("not a JSON Web Key Set: keys is not an array");
            }

            return root.TryGetProperty("kty", out _)
                ? ReadAll([(Name(root, 0), () => ReadKey(root))], faults)
                : throw new FormatException("not a JSON Web Key Set: it has no keys");
        }
        catch (JsonException e)
        {
            throw new FormatException($"not a JSON Web Key Set: {e.Message.TrimEnd('.')}", e);
        }
    }

    private static List<SecurityKey> ReadPem(string text, List<string> faults)
    {
        var keys = new List<(string, Func<SecurityKey?>)>();
        for (var rest = text; PemEncoding.TryFind(rest, out var fields); rest = rest[fields.Location.End..])
        {
            var label = rest[fields.Label];
            var pem = rest[fields.Location];
            keys.Add(($"{label} {keys.Count + 1}", () => ReadPem(label, pem)));
        }

        return ReadAll(keys, faults);
    }

    // Null stands for a key that is not for signatures.
    private static List<SecurityKey> ReadAll(IEnumerable<(string Name, Func<SecurityKey?> Read)> entries, List<string> faults)
    {
        var keys = new List<SecurityKey>();
        foreach (var (name, read) in entries)
        {
            try
            {
                if (read() is { } key)
                {
                    keys.Add(key);
                }
            }
            catch (FormatException e)
            {
                faults.Add($"{name} {e.Message}");
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException or JsonException or InvalidOperationException)
            {
                faults.Add($"{name} cannot be read: {e.Message.TrimEnd('.')}");
            }
        }

        return keys;
    }

    private static string Name(JsonElement key, int index) =>
        Text(key, "kid") is { Length: > 0 } id ? $"key '{id}'" : $"key {index + 1}, which has no kid,";

    // Uses the numbers of the key only: a certificate in "x5c" could belong to another key.
    private static SecurityKey? ReadKey(JsonElement key)
    {
        if (key.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("is not an object");
        }

        if (key.TryGetProperty("d", out _))
        {
            throw new FormatException(Private);
        }

        if (Text(key, "use") is not (null or "" or "sig") || !MayVerify(key))
        {
            return null;
        }

        var id = Text(key, "kid");
        return Text(key, "kty") switch
        {
            "RSA" => Checked(RSA.Create(new RSAParameters { Modulus = Bytes(key, "n"), Exponent = Bytes(key, "e") }), id),
            "EC" => Checked(ECDsa.Create(new ECParameters { Curve = CurveOf(key), Q = new ECPoint { X = Bytes(key, "x"), Y = Bytes(key, "y") } }), id),
            null or "" => throw new FormatException("has no kty; allowed: RSA, EC"),
            var type => throw new FormatException($"is of type '{type}'; allowed: RSA, EC"),
        };
    }

    // "key_ops" is a more detailed form of "use" (RFC 7517, section 4.3).
    private static bool MayVerify(JsonElement key) => !key.TryGetProperty("key_ops", out var operations) || operations.ValueKind != JsonValueKind.Array
        || operations.EnumerateArray().Any(operation => operation.ValueKind == JsonValueKind.String && operation.ValueEquals("verify"));

    private static string? Text(JsonElement key, string name) =>
        key.ValueKind == JsonValueKind.Object && key.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[] Bytes(JsonElement key, string name)
    {
        var text = Text(key, name) is { Length: > 0 } given ? given : throw new FormatException($"lacks '{name}'");
        return Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text) : throw new FormatException($"has a '{name}' that is not base64url");
    }

    private static ECCurve CurveOf(JsonElement key) => Text(key, "crv") switch
    {
        "P-256" => ECCurve.NamedCurves.nistP256,
        "P-384" => ECCurve.NamedCurves.nistP384,
        "P-521" => ECCurve.NamedCurves.nistP521,
        null or "" => throw new FormatException($"has no crv; allowed: {Curves}"),
        var name => throw new FormatException($"is on the curve '{name}'; allowed: {Curves}"),
    };

    private static SecurityKey ReadPem(string label, string pem) => label switch
    {
        "PUBLIC KEY" => ReadPublicKey(pem),
        "RSA PUBLIC KEY" => ReadRsa(pem),
        "CERTIFICATE" => ReadCertificate(pem),
        _ when label.EndsWith("PRIVATE KEY", StringComparison.Ordinal) => throw new FormatException(Private),
        _ => throw new FormatException("is not a key; allowed: PUBLIC KEY, RSA PUBLIC KEY, CERTIFICATE"),
    };

    private static SecurityKey ReadPublicKey(string pem)
    {
        try
        {
            return ReadRsa(pem);
        }
        catch (CryptographicException)
        {
            // Not RSA.
        }

        var ecdsa = ECDsa.Create();
        try
        {
            ecdsa.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw new FormatException($"is neither an RSA nor an ECDSA key: {e.Message.TrimEnd('.')}", e);
        }

        return Checked(ecdsa);
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
            : throw new FormatException("has a key that is neither RSA nor ECDSA");
    }

    private static RsaSecurityKey Checked(RSA rsa, string? id = null) => rsa.KeySize >= MinRsaBits
        ? new RsaSecurityKey(rsa) { KeyId = id }
        : throw new FormatException($"has {rsa.KeySize} bits; RSA needs at least {MinRsaBits}");

    private static ECDsaSecurityKey Checked(ECDsa ecdsa, string? id = null) =>
        ecdsa.ExportParameters(includePrivateParameters: false).Curve.Oid.Value is "1.2.840.10045.3.1.7" or "1.3.132.0.34" or "1.3.132.0.35"
            ? new ECDsaSecurityKey(ecdsa) { KeyId = id }
            : throw new FormatException($"is on another curve than those allowed: {Curves}");
}
