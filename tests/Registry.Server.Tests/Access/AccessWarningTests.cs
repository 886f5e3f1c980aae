using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using Registry.Core.Access;

namespace Registry.Server.Tests.Access;

/// <summary>Files that are accepted although a part of them cannot work: the log names the part, at the start and at each edit.</summary>
public sealed class AccessWarningTests
{
    [Theory]
    [InlineData(AuthenticationKind.None, false)]
    [InlineData(AuthenticationKind.Basic, true)]
    [InlineData(AuthenticationKind.Token, false)]
    [InlineData(AuthenticationKind.BuiltInToken, false)]
    public async Task Public_pull_under_basic_authentication_warns_with_the_settings_that_make_it_work(AuthenticationKind kind, bool warns)
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind));

        Assert.Equal(
            warns
                ? [$"{folder.RulesPath} line 5 grants access to $anonymous, but docker and podman cannot pull without a login while REGISTRY_AUTH_TYPE is basic. "
                    + "To allow that, set REGISTRY_AUTH_TYPE=token and REGISTRY_AUTH_TOKEN_BUILTIN=true; the users stay the same"]
                : [],
            Warnings(registry));
    }

    [Fact]
    public async Task An_edit_that_makes_something_public_under_basic_authentication_warns_too()
    {
        using var folder = new AccessFolder("""{"defaultPolicy":"deny","rules":[{"repository":"public/**","users":["$anonymous"],"permissions":[]}]}""");
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Basic));
        Assert.Empty(Warnings(registry));

        File.WriteAllText(folder.RulesPath, """{"defaultPolicy":"deny","rules":[{"repository":"public/**","users":["$anonymous"],"permissions":["pull"]}]}""");

        await Eventually.HoldsAsync(() => Task.FromResult(Warnings(registry).Count == 1), "the edit is in force");
        Assert.StartsWith($"{folder.RulesPath} line 1 grants access to $anonymous, but", Warnings(registry)[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_cannot_be_used_is_named_and_the_others_are_used_and_a_file_without_any_keeps_the_last_good_one()
    {
        using var folder = new AccessFolder();
        using var small = RSA.Create(1024);
        File.AppendAllText(folder.KeyPath, small.ExportSubjectPublicKeyInfoPem());
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Token));
        var token = AccessFolder.Bearer(folder.Tokens.Sign(ExternalTokens.Claims("alice", DateTimeOffset.UtcNow)));

        Assert.Equal([$"{folder.KeyPath}: PUBLIC KEY 3 has 1024 bits; RSA needs at least 2048; this key is ignored, the others are used"], Warnings(registry));
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/", token));

        File.WriteAllText(folder.KeyPath, small.ExportSubjectPublicKeyInfoPem());
        var kept = $"{folder.KeyPath} cannot be used, the last good version stays in force: it contains no usable key: PUBLIC KEY 1 has 1024 bits; RSA needs at least 2048";
        await Eventually.HoldsAsync(() => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message == kept)), "the edit is refused");
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/", token));
    }

    [Fact]
    public async Task Keys_of_both_types_under_one_identifier_are_both_tried()
    {
        using var folder = new AccessFolder();
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = RSA.Create(2048);
        var point = ecdsa.ExportParameters(includePrivateParameters: false).Q;
        var ec = $$"""{"kty":"EC","kid":"2026","crv":"P-256","x":"{{Base64UrlEncoder.Encode(point.X)}}","y":"{{Base64UrlEncoder.Encode(point.Y)}}"}""";
        string[] keys = [Jwk(other, "2026"), ec, Jwk(folder.Rsa, "2026"), Jwk(other, "2025")];
        foreach (var order in new[] { keys, [.. keys.Reverse()] })
        {
            File.WriteAllText(folder.KeyPath, $$"""{"keys":[{{string.Join(',', order)}}]}""");
            await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Token));
            var claims = ExternalTokens.Claims("alice", DateTimeOffset.UtcNow);
            var signed = $"{ExternalTokens.Encode("""{"alg":"ES256","kid":"2026"}""")}.{ExternalTokens.Encode(claims.ToJsonString())}";
            var es256 = $"{signed}.{ExternalTokens.Encode(ecdsa.SignData(System.Text.Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";

            foreach (var (token, status) in new[]
            {
                (folder.Tokens.Sign(claims, head => head["kid"] = "2026"), 200),
                (folder.Tokens.Sign(claims), 200),
                (folder.Tokens.Sign(claims, head => head["kid"] = "unknown"), 200),
                (folder.Tokens.Sign(claims, head => head["kid"] = "2025"), 401),
                (folder.Tokens.Sign(claims, head => head["kid"] = "2026", other), 200),
                (es256, 200),
            })
            {
                Check.Status(status, await registry.Client.GetAnswerAsync("/v2/", AccessFolder.Bearer(token)));
            }
        }
    }

    private static string Jwk(RSA key, string id)
    {
        var numbers = key.ExportParameters(includePrivateParameters: false);
        return $$"""{"kty":"RSA","kid":"{{id}}","n":"{{Base64UrlEncoder.Encode(numbers.Modulus)}}","e":"{{Base64UrlEncoder.Encode(numbers.Exponent)}}"}""";
    }

    private static IReadOnlyList<string> Warnings(TestRegistry registry) =>
        [.. registry.Log.Entries.Where(entry => entry.Level == LogLevel.Warning).Select(entry => entry.Message)];
}
