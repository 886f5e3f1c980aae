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

    private readonly TemporaryFolder _folder = new();

    public AccessFolder()
    {
        foreach (var user in new[] { "alice", "bob", "admin" })
        {
            HtpasswdEditor.Set(UsersPath, user, Password(user));
        }

        File.WriteAllText(RulesPath, Rules);
        File.WriteAllText(KeyPath, Rsa.ExportSubjectPublicKeyInfoPem());
    }

    public RSA Rsa { get; } = RSA.Create(2048);

    public string UsersPath => Path.Combine(_folder.Path, "htpasswd");

    public string RulesPath => Path.Combine(_folder.Path, "rules.json");

    public string KeyPath => Path.Combine(_folder.Path, "public.pem");

    public static string Password(string user) => $"canary-of-{user}";

    public static (string, string) Basic(string user, string? password = null) =>
        ("Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password ?? Password(user)}"))}");

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
}
