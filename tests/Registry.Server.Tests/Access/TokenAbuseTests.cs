using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Registry.Core.Access;

namespace Registry.Server.Tests.Access;

/// <summary>Forged and misused tokens: all get the same response.</summary>
public sealed class TokenAbuseTests : IAsyncLifetime
{
    private readonly AccessFolder _folder = new();
    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync() =>
        _registry = await TestRegistry.StartAsync(options => _folder.Configure(options, AuthenticationKind.Token) with { AccessControlPath = null });

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_honest_token_is_accepted_in_every_spelling()
    {
        await AcceptAsync(Token());
        await AcceptAsync(Token(payload: claims => claims["aud"] = new JsonArray("other", AccessFolder.Service)));
        await AcceptAsync(Token(header: head => head["kid"] = "../../etc/passwd"));
        await AcceptAsync(Token(payload: claims => claims["exp"] = Now - 30));
        await AcceptAsync(Token(header: head => head["alg"] = "RS512", hash: HashAlgorithmName.SHA512));
        await AcceptAsync(Token(header: head => head["alg"] = "PS256", padding: RSASignaturePadding.Pss));
    }

    // RFC 7519, section 2: a NumericDate is a number of seconds, and may have a fraction.
    [Theory]
    [InlineData("99999999999")]
    [InlineData("253402300799")]
    [InlineData("253402300800")]
    [InlineData("9223372036854775807")]
    [InlineData("1e12")]
    [InlineData("4e9")]
    [InlineData("4102444800.75")]
    public async Task A_token_may_expire_in_any_year(string expires)
    {
        await AcceptAsync(WithTimes($"\"exp\":{expires}"));
        await AcceptAsync(WithTimes($"\"exp\":{expires},\"nbf\":1e3,\"iat\":1.5"));
        await AcceptAsync(WithTimes($"\"exp\":{expires},\"nbf\":-1,\"iat\":{expires}"));

        var notYet = await _registry.Client.GetAnswerAsync(
            "/v2/team/app/tags/list", ("Authorization", $"Bearer {WithTimes($"\"exp\":{expires},\"nbf\":{expires}")}"));
        Check.Error(401, "UNAUTHORIZED", "authentication required", notYet);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("-9223372036854775808")]
    [InlineData("1.5e9")]
    [InlineData("-1e18")]
    public async Task A_token_that_expired_in_any_year_is_refused(string expires) => Check.Error(
        401, "UNAUTHORIZED", "authentication required", await _registry.Client.GetAnswerAsync(
            "/v2/team/app/tags/list", ("Authorization", $"Bearer {WithTimes($"\"exp\":{expires}")}")));

    [Fact]
    public async Task Everything_else_is_one_and_the_same_401()
    {
        using var other = RSA.Create(2048);
        var publicPem = File.ReadAllBytes(_folder.KeyPath);
        var good = Token();
        var cases = new Dictionary<string, string>
        {
            ["nothing"] = "",
            ["no token"] = "x",
            ["two parts"] = good[..good.LastIndexOf('.')],
            ["five parts"] = $"{good}.a.b",
            ["no signature"] = good[..(good.LastIndexOf('.') + 1)],
            ["cut signature"] = good[..^4],
            ["another payload"] = Splice(good, Token(payload: claims => claims["sub"] = "admin")),
            ["another key"] = Token(key: other),
            ["too long"] = Token(payload: claims => claims["filler"] = new string('x', 9000)),
            ["no exp"] = Token(payload: claims => claims.Remove("exp")),
            ["exp as text"] = Token(payload: claims => claims["exp"] = "tomorrow"),
            ["expired"] = Token(payload: claims => claims["exp"] = Now - 90),
            ["not yet"] = Token(payload: claims => claims["nbf"] = Now + 300),
            ["no iss"] = Token(payload: claims => claims.Remove("iss")),
            ["another iss"] = Token(payload: claims => claims["iss"] = "evil"),
            ["iss as an array"] = Token(payload: claims => claims["iss"] = new JsonArray(AccessFolder.Issuer)),
            ["no aud"] = Token(payload: claims => claims.Remove("aud")),
            ["another aud"] = Token(payload: claims => claims["aud"] = "evil"),
            ["aud of others"] = Token(payload: claims => claims["aud"] = new JsonArray("a", "b")),
            ["aud in another case"] = Token(payload: claims => claims["aud"] = AccessFolder.Service.ToUpperInvariant()),
            ["a payload that is no object"] = Raw("""{"alg":"RS256"}""", "[]"),
            ["a payload that is no JSON"] = Raw("""{"alg":"RS256"}""", "{"),
            ["a claim twice"] = Raw("""{"alg":"RS256"}""", $$"""{"iss":"evil",{{Claims().ToJsonString()[1..]}}"""),
            ["a header twice"] = Raw("""{"alg":"none","alg":"RS256"}""", Claims().ToJsonString()),
            ["a header that is no object"] = Raw("[]", Claims().ToJsonString()),
        };
        foreach (var algorithm in new[] { "none", "None", "NONE", "nOnE", "", "RS1", "ES256", "EdDSA", "dir", "A128KW" })
        {
            cases[$"alg {algorithm}"] = Token(header: head => head["alg"] = algorithm);
            cases[$"alg {algorithm}, unsigned"] = $"{Token(header: head => head["alg"] = algorithm).Split('.')[0]}.{good.Split('.')[1]}.";
        }

        foreach (var name in new[] { "jwk", "jku", "x5u", "crit", "zip", "enc" })
        {
            cases[$"header {name}"] = Token(header: head => head[name] = "x");
        }

        foreach (var (algorithm, mac) in new (string, Func<byte[], byte[], byte[]>)[]
        {
            ("HS256", HMACSHA256.HashData), ("HS384", HMACSHA384.HashData), ("HS512", HMACSHA512.HashData),
        })
        {
            foreach (var secret in new[] { publicPem, Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(publicPem).Trim()), [], _folder.Rsa.ExportSubjectPublicKeyInfo() })
            {
                var signed = $"{Encode($$"""{"alg":"{{algorithm}}","typ":"JWT"}""")}.{good.Split('.')[1]}";
                cases[$"{algorithm} with a secret of {secret.Length} bytes"] = $"{signed}.{Encode(mac(secret, Encoding.ASCII.GetBytes(signed)))}";
            }
        }

        // The key file holds an ECDSA key, too: a signature of zeros is the one that a careless check takes for good.
        foreach (var (algorithm, size) in new[] { ("ES256", 64), ("ES384", 96), ("ES512", 132) })
        {
            cases[$"{algorithm} with a signature of zeros"] = $"{Encode($$"""{"alg":"{{algorithm}}"}""")}.{good.Split('.')[1]}.{Encode(new byte[size])}";
            cases[$"{algorithm} with no signature"] = $"{Encode($$"""{"alg":"{{algorithm}}"}""")}.{good.Split('.')[1]}.";
        }

        var bodies = new HashSet<string>();
        foreach (var (name, token) in cases)
        {
            var answer = await _registry.Client.GetAnswerAsync("/v2/team/app/tags/list", ("Authorization", $"Bearer {token}"));
            Assert.True(answer.Status == 401, $"{name}: {answer}");
            bodies.Add(answer.Text + answer["WWW-Authenticate"]);
        }

        Assert.Single(bodies);
        Assert.True(cases.Count >= 60, $"{cases.Count} cases");
    }

    [Fact]
    public async Task What_the_access_claim_does_not_say_is_not_granted()
    {
        foreach (var access in new[]
        {
            "null", "{}", "[]", "[1]", "[{}]", """[{"type":"repository"}]""", """[{"type":"repository","name":"team/app","actions":"pull"}]""",
            """[{"type":"repository","name":"team/app","actions":["PULL"]}]""", """[{"type":"repository","name":"team/app","actions":["pull,push"]}]""",
            """[{"type":"repository","name":"team/app","actions":["push,pull"]}]""", """[{"type":"repository","name":"team/app","actions":["pull "]}]""",
            """[{"type":"repository:team/app","name":"pull","actions":[]}]""", """[{"type":"repository","name":"team/app:pull","actions":[""]}]""",
            """[{"type":"repositories","name":"team/app","actions":["pull"]}]""", """[{"type":"repository(","name":"team/app","actions":["pull"]}]""", """[{"type":"repository","name":"team","actions":["pull"]}]""",
            """[{"type":"repository","name":"team/*","actions":["pull"]}]""", """[{"type":"repository","name":"team/../team/app","actions":["pull"]}]""",
            """[{"type":"registry","name":"team/app","actions":["pull"]}]""", """[{"type":"repository","name":"team/app","actions":["push"]}]""",
        })
        {
            var token = Token(payload: claims => claims["access"] = JsonNode.Parse(access));
            var answer = await _registry.Client.GetAnswerAsync("/v2/team/app/tags/list", ("Authorization", $"Bearer {token}"));
            Assert.True(answer.Status == 401, $"{access}: {answer}");
            Assert.EndsWith("error=\"insufficient_scope\"", answer["WWW-Authenticate"], StringComparison.Ordinal);
        }
    }

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private static JsonObject Claims() => ExternalTokens.Claims("alice", DateTimeOffset.UtcNow, "repository:team/app:pull");

    private static string Encode(byte[] bytes) => ExternalTokens.Encode(bytes);

    private static string Encode(string text) => ExternalTokens.Encode(text);

    private static string Splice(string token, string other) => $"{token.Split('.')[0]}.{other.Split('.')[1]}.{token.Split('.')[2]}";

    private string WithTimes(string times)
    {
        var claims = Claims();
        foreach (var name in (string[])["exp", "nbf", "iat"])
        {
            claims.Remove(name);
        }

        return Raw("""{"alg":"RS256"}""", $"{{{times},{claims.ToJsonString()[1..]}");
    }

    private string Raw(string header, string payload) => _folder.Tokens.Sign(header, payload);

    private string Token(
        Action<JsonObject>? header = null,
        Action<JsonObject>? payload = null,
        RSA? key = null,
        HashAlgorithmName? hash = null,
        RSASignaturePadding? padding = null)
    {
        var claims = Claims();
        payload?.Invoke(claims);
        return _folder.Tokens.Sign(claims, header, key, hash, padding);
    }

    private async Task AcceptAsync(string token) =>
        Check.Error(404, "NAME_UNKNOWN", "repository name not known to registry", await _registry.Client.GetAnswerAsync(
            "/v2/team/app/tags/list", ("Authorization", $"Bearer {token}")));
}
