using Registry.Core.Access;
using Registry.Server.Configuration;

namespace Registry.Web.Tests;

/// <summary>Users of a registry: ada, who is an admin, and grace, who may change what is in the shop. Nobody else sees anything.</summary>
internal sealed class Users : IDisposable
{
    public const string Admin = "ada";
    public const string Member = "grace";

    private readonly TemporaryFolder _folder = new("users", isInMemory: true);

    public Users()
    {
        // The cheapest hashes there are.
        File.WriteAllLines(_folder.File("htpasswd"), new[] { Admin, Member }.Select(user => $"{user}:{BCrypt.Net.BCrypt.HashPassword(PasswordOf(user), 4)}"));
        File.WriteAllText(_folder.File("rules.json"), """
            {
              "defaultPolicy": "deny",
              "adminUsers": ["ada"],
              "rules": [{ "repository": "shop/**", "users": ["grace"], "permissions": ["pull", "push", "delete"] }]
            }
            """);
    }

    public static string PasswordOf(string user) => $"the password of {user}";

    /// <summary>Gives a registry these users.</summary>
    public RegistryOptions Configure(RegistryOptions options) => options with
    {
        Authentication = AuthenticationKind.Basic,
        AccessControlPath = _folder.File("rules.json"),
        HtpasswdPath = _folder.File("htpasswd"),
    };

    /// <summary>Lets a client send the password of a user.</summary>
    public static void Identify(HttpClient client, string user) =>
        client.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{user}:{PasswordOf(user)}")));

    public void Dispose() => _folder.Dispose();
}
