using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using Registry.Core.Access.Tokens;

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

    // RFC 7517, section 5: what is not understood is passed over.
    [Fact]
    public void One_key_that_cannot_be_used_is_named_and_leaves_the_others_in_use()
    {
        foreach (var (entry, fault) in BadEntries())
        {
            var keys = TokenKeys.Read(Encoding.UTF8.GetBytes(Set(Rsa(_rsa, "good", "sig"), entry, Ec(_ec, "better"))), out var ignored);

            Assert.Equal(["good", "better"], keys.Select(key => key.KeyId));
            Assert.StartsWith(fault, Assert.Single(ignored), StringComparison.Ordinal);
            Assert.False(ignored[0].EndsWith('.'), ignored[0]);
        }
    }

    [Fact]
    public void One_block_that_cannot_be_used_is_named_and_leaves_the_others_in_use()
    {
        foreach (var (block, fault) in BadBlocks())
        {
            var text = $"{_rsa.ExportSubjectPublicKeyInfoPem()}\n{block}\n{_ec.ExportSubjectPublicKeyInfoPem()}\n";
            var keys = TokenKeys.Read(Encoding.UTF8.GetBytes(text), out var ignored);

            Assert.Equal([2048, 384], keys.Select(key => key.KeySize));
            Assert.StartsWith(fault.Replace(" 1 ", " 2 ", StringComparison.Ordinal), Assert.Single(ignored), StringComparison.Ordinal);
            Assert.False(ignored[0].EndsWith('.'), ignored[0]);
        }
    }

    [Fact]
    public void A_file_without_a_usable_key_is_refused_with_every_reason()
    {
        foreach (var (entry, fault) in BadEntries())
        {
            AssertRefused(Set(entry), $"it contains no usable key: {fault.Replace("key 2", "key 1", StringComparison.Ordinal)}");
        }

        foreach (var (block, fault) in BadBlocks())
        {
            AssertRefused(block, $"it contains no usable key: {fault}");
        }

        foreach (var (text, message) in new[]
        {
            ("", "it contains no public key, certificate or JSON Web Key Set"),
            ("nonsense", "it contains no public key, certificate or JSON Web Key Set"),
            ("{\"keys\":[]}", "it contains no public key, certificate or JSON Web Key Set"),
            ("{", "not a JSON Web Key Set: "),
            ("{}", "not a JSON Web Key Set: it has no keys"),
            ("{\"keys\":{}}", "not a JSON Web Key Set: keys is not an array"),
            (Set(Rsa(_rsa, "d", "enc")), "it contains no public key, certificate or JSON Web Key Set"),
        })
        {
            AssertRefused(text, message);
        }

        static void AssertRefused(string text, string message)
        {
            var fault = Record.Exception(() => TokenKeys.Read(Encoding.UTF8.GetBytes(text), out _));
            Assert.True(fault is FormatException && fault.Message.StartsWith(message, StringComparison.Ordinal), $"{message} <> {fault}");
        }
    }

    [Fact]
    public void A_single_key_is_a_set_of_one()
    {
        Assert.Equal("alone", Assert.Single(Read(Ec(_ec, "alone").ToJsonString())).KeyId);
        Assert.Equal("alone", Assert.Single(Read(Rsa(_rsa, "alone", "sig").ToJsonString())).KeyId);
    }

    [Fact]
    public void Keys_for_other_operations_are_passed_over_in_silence()
    {
        var wraps = Rsa(_rsa, "wraps", "");
        wraps["key_ops"] = new JsonArray("wrapKey", "encrypt");
        var verifies = Rsa(_rsa, "verifies", "");
        verifies["key_ops"] = new JsonArray("verify");

        var keys = TokenKeys.Read(Encoding.UTF8.GetBytes(Set(wraps, verifies, Rsa(_rsa, "enc", "enc"))), out var ignored);

        Assert.Equal("verifies", Assert.Single(keys).KeyId);
        Assert.Empty(ignored);
    }

    public void Dispose()
    {
        _rsa.Dispose();
        _small.Dispose();
        _ec.Dispose();
    }

    private static IReadOnlyList<SecurityKey> Read(string text)
    {
        var keys = TokenKeys.Read(Encoding.UTF8.GetBytes(text), out var ignored);
        Assert.Empty(ignored);
        return keys;
    }

    private IEnumerable<(JsonNode Entry, string Fault)> BadEntries()
    {
        var incomplete = Rsa(_rsa, "incomplete", "sig");
        incomplete.Remove("e");
        var empty = Rsa(_rsa, "empty", "sig");
        empty["n"] = "";
        var number = Rsa(_rsa, "number", "sig");
        number["n"] = 5;
        var garbled = Rsa(_rsa, "garbled", "sig");
        garbled["n"] = "*";
        var privateKey = Rsa(_rsa, "private", "sig");
        privateKey["d"] = privateKey["n"]!.DeepClone();
        var curve = Ec(_ec, "curve");
        curve["crv"] = "secp256k1";
        var curveless = Ec(_ec, "curveless");
        curveless.Remove("crv");
        var mismatch = Ec(_ec, "mismatch");
        mismatch["crv"] = "P-256";
        var nameless = Rsa(_small, "", "sig");
        nameless.Remove("kid");
        return
        [
            (new JsonObject { ["kty"] = "OKP", ["kid"] = "ed", ["crv"] = "Ed25519", ["x"] = "AAAA" }, "key 'ed' is of type 'OKP'; allowed: RSA, EC"),
            (new JsonObject { ["kty"] = "oct", ["kid"] = "secret", ["k"] = "AAAA" }, "key 'secret' is of type 'oct'; allowed: RSA, EC"),
            (new JsonObject { ["kid"] = "typeless" }, "key 'typeless' has no kty; allowed: RSA, EC"),
            (new JsonArray(), "key 2, which has no kid, is not an object"),
            (Rsa(_small, "small", "sig"), "key 'small' has 1024 bits; RSA needs at least 2048"),
            (nameless, "key 2, which has no kid, has 1024 bits; RSA needs at least 2048"),
            (privateKey, "key 'private' is a private key; the registry needs the public one only"),
            (incomplete, "key 'incomplete' lacks 'e'"),
            (empty, "key 'empty' lacks 'n'"),
            (number, "key 'number' lacks 'n'"),
            (garbled, "key 'garbled' has a 'n' that is not base64url"),
            (curve, "key 'curve' is on the curve 'secp256k1'; allowed: P-256, P-384, P-521"),
            (curveless, "key 'curveless' has no crv; allowed: P-256, P-384, P-521"),
            (mismatch, "key 'mismatch' cannot be read: "),
        ];
    }

    private IEnumerable<(string Block, string Fault)> BadBlocks()
    {
        using var brainpool = ECDsa.Create(ECCurve.NamedCurves.brainpoolP256r1);
        return
        [
            // openssl genpkey -algorithm ed25519 | openssl pkey -pubout
            ("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----", "PUBLIC KEY 1 is neither an RSA nor an ECDSA key: "),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "PUBLIC KEY 1 is neither an RSA nor an ECDSA key: "),
            ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", "CERTIFICATE REQUEST 1 is not a key; allowed: PUBLIC KEY, RSA PUBLIC KEY, CERTIFICATE"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "CERTIFICATE 1 cannot be read: "),
            (_rsa.ExportPkcs8PrivateKeyPem(), "PRIVATE KEY 1 is a private key; the registry needs the public one only"),
            (_small.ExportSubjectPublicKeyInfoPem(), "PUBLIC KEY 1 has 1024 bits; RSA needs at least 2048"),
            (_small.ExportRSAPublicKeyPem(), "RSA PUBLIC KEY 1 has 1024 bits; RSA needs at least 2048"),
            (Certificate(_small), "CERTIFICATE 1 has 1024 bits; RSA needs at least 2048"),
            (brainpool.ExportSubjectPublicKeyInfoPem(), "PUBLIC KEY 1 is on another curve than those allowed: P-256, P-384, P-521"),
        ];
    }

    private static string Set(params JsonNode[] keys) => new JsonObject { ["keys"] = new JsonArray([.. keys]) }.ToJsonString();

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
