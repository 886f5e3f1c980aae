using System.Security.Cryptography;
using System.Text;
using Registry.Core.Access;
using Registry.Server.Configuration;

namespace Registry.Server.Tests.Access;

/// <summary>Files of users, rules and keys, and the settings that use them.</summary>
internal sealed class AccessFolder : IDisposable
{
    public const string Service = "registry-under-test";
    public const string Issuer = "issuer.example.com";

    private const string Rules = """
        {
          "defaultPolicy": "deny",
          "adminUsers": ["admin"],
          "rules": [
            { "repository": "public/**", "users": ["$anonymous", "*"], "permissions": ["pull"] },
            { "repository": "team/**", "users": ["alice"], "permissions": ["pull", "push", "delete"] }
          ]
        }
        """;

    // The cheapest hashes there are: what they cost is another test's.
    private static readonly string Users = string.Concat(
        new[] { "alice", "bob", "admin" }.Select(user => $"{user}:{BCrypt.Net.BCrypt.HashPassword(Password(user), 4)}\n"));

    // Made once: it takes longer than what most tests do with it.
    private static readonly RSAParameters Key = MakeKey();

    private readonly TemporaryFolder _folder = new();

    /// <summary>Creates the folder with given rules, or with those that most tests share.</summary>
    public AccessFolder(string rules = Rules)
    {
        File.WriteAllText(UsersPath, Users);
        File.WriteAllText(RulesPath, rules);
        Tokens = new ExternalTokens(Rsa);
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(KeyPath, $"{Rsa.ExportSubjectPublicKeyInfoPem()}\n{ecdsa.ExportSubjectPublicKeyInfoPem()}\n");
    }

    public RSA Rsa { get; } = RSA.Create(Key);

    public ExternalTokens Tokens { get; }

    public string UsersPath => Path.Combine(_folder.Path, "htpasswd");

    public string RulesPath => Path.Combine(_folder.Path, "rules.json");

    public string KeyPath => Path.Combine(_folder.Path, "public.pem");

    public static string Password(string user) => $"canary-of-{user}";

    public static (string, string) Basic(string user, string? password = null) =>
        ("Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password ?? Password(user)}"))}");

    public static (string, string) Bearer(string token) => ("Authorization", $"Bearer {token}");

    public RegistryOptions Configure(RegistryOptions options, AuthenticationKind kind) => options with
    {
        Authentication = kind,
        AccessControlPath = RulesPath,
        HtpasswdPath = kind is AuthenticationKind.Basic or AuthenticationKind.BuiltInToken ? UsersPath : null,
        TokenRealm = kind == AuthenticationKind.Token ? "https://auth.example.com/token" : null,
        TokenService = Service,
        TokenIssuer = Issuer,
        TokenPublicKeyPath = kind == AuthenticationKind.Token ? KeyPath : null,
    };

    public void Dispose()
    {
        Rsa.Dispose();
        _folder.Dispose();
    }

    private static RSAParameters MakeKey()
    {
        using var key = RSA.Create(2048);
        return key.ExportParameters(includePrivateParameters: true);
    }
}
