using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using Registry.Core.Access;

namespace Registry.Core.Tests.Access;

public sealed class TokenKeysTests : IDisposable
{
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly RSA _small = RSA.Create(1024);
    private readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    [Fact]
    public void Public_keys_and_certificates_may_stand_in_one_file()
    {
        var text = $"# ours\n{_rsa.ExportSubjectPublicKeyInfoPem()}\n{_rsa.ExportRSAPublicKeyPem()}\n{_ec.ExportSubjectPublicKeyInfoPem()}\n"
            + $"{Certificate(_rsa)}\n{Certificate(_ec)}\n";
        Assert.Equal([2048, 2048, 384, 2048, 384], Read(text).Select(key => key.KeySize));
    }

    [Fact]
    public void A_key_set_gives_the_keys_that_sign_with_their_names()
    {
        var keys = Read(Set(Rsa(_rsa, "a", "sig"), Ec(_ec, "b"), Rsa(_small, "c", "enc")));
        Assert.Equal([("a", 2048), ("b", 384)], keys.Select(key => (key.KeyId, key.KeySize)));
    }

    [Fact]
    public void The_numbers_of_a_key_count_and_not_a_certificate_beside_them()
    {
        var key = Rsa(_rsa, "a", "sig");
        using var other = CertificateOf(_small);
        key["x5c"] = new JsonArray(Convert.ToBase64String(other.RawData));
        var read = Assert.IsType<RsaSecurityKey>(Assert.Single(Read(Set(key))));
        Assert.Equal(_rsa.ExportParameters(false).Modulus, read.Rsa.ExportParameters(false).Modulus);
    }

    [Fact]
    public void What_is_no_key_for_tokens_is_refused_with_the_reason()
    {
        using var brainpool = ECDsa.Create(ECCurve.NamedCurves.brainpoolP256r1);
        var incomplete = Rsa(_rsa, "broken", "sig");
        incomplete.Remove("e");
        var privateKey = Rsa(_rsa, "p", "sig");
        privateKey["d"] = privateKey["n"]!.DeepClone();
        var curve = Ec(_ec, "curve");
        curve["crv"] = "secp256k1";
        var mismatch = Ec(_ec, "mismatch");
        mismatch["crv"] = "P-256";
        foreach (var (text, message) in new[]
        {
            ("", "no public key, certificate or JSON Web Key Set is in it"),
            ("nonsense", "no public key, certificate or JSON Web Key Set is in it"),
            ("{\"keys\":[]}", "no public key, certificate or JSON Web Key Set is in it"),
            ("{", "not a JSON Web Key Set: "),
            (_rsa.ExportPkcs8PrivateKeyPem(), "it holds a private key; the registry needs the public one only"),
            (_small.ExportSubjectPublicKeyInfoPem(), "an RSA key in it has 1024 bits; at least 2048 are needed"),
            (Certificate(_small), "an RSA key in it has 1024 bits; at least 2048 are needed"),
            (brainpool.ExportSubjectPublicKeyInfoPem(), "an ECDSA key in it is on another curve than those allowed: P-256, P-384, P-521"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "a PUBLIC KEY in it cannot be read: "),
            (Set(Rsa(_small, "c", "sig")), "an RSA key in it has 1024 bits; at least 2048 are needed"),
            (Set(Rsa(_rsa, "d", "enc")), "no public key, certificate or JSON Web Key Set is in it"),
            (Set(new JsonObject { ["kty"] = "oct", ["k"] = "AAAA" }), "the key set holds a key of type 'oct'; allowed: RSA, EC"),
            (Set(privateKey), "the key set holds a private key; the registry needs the public ones only"),
            (Set(incomplete), "the key 'broken' of the key set cannot be read: "),
            (Set(curve), "the key 'curve' of the key set cannot be read: its curve is 'secp256k1'; allowed: P-256, P-384, P-521"),
            (Set(mismatch), "the key 'mismatch' of the key set cannot be read: "),
        })
        {
            var fault = Record.Exception(() => TokenKeys.Read(Encoding.UTF8.GetBytes(text)));
            Assert.True(fault is FormatException && fault.Message.StartsWith(message, StringComparison.Ordinal), $"{message} <> {fault}");
        }
    }

    public void Dispose()
    {
        _rsa.Dispose();
        _small.Dispose();
        _ec.Dispose();
    }

    private static IReadOnlyList<SecurityKey> Read(string text) => TokenKeys.Read(Encoding.UTF8.GetBytes(text));

    private static string Set(params JsonObject[] keys) => new JsonObject { ["keys"] = new JsonArray([.. keys]) }.ToJsonString();

    private static JsonObject Rsa(RSA key, string id, string use)
    {
        var numbers = key.ExportParameters(includePrivateParameters: false);
        return new JsonObject
        {
            ["kty"] = "RSA",
            ["kid"] = id,
            ["use"] = use,
            ["n"] = Base64UrlEncoder.Encode(numbers.Modulus),
            ["e"] = Base64UrlEncoder.Encode(numbers.Exponent),
        };
    }

    private static JsonObject Ec(ECDsa key, string id)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["kty"] = "EC",
            ["kid"] = id,
            ["crv"] = "P-384",
            ["x"] = Base64UrlEncoder.Encode(point.X),
            ["y"] = Base64UrlEncoder.Encode(point.Y),
        };
    }

    private static string Certificate(AsymmetricAlgorithm key)
    {
        using var certificate = CertificateOf(key);
        return certificate.ExportCertificatePem();
    }

    private static X509Certificate2 CertificateOf(AsymmetricAlgorithm key)
    {
        var request = key is RSA rsa
            ? new CertificateRequest("CN=issuer", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest("CN=issuer", (ECDsa)key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
    }
}
