using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Access;

/// <summary>Kinds of authentication.</summary>
public enum Login
{
    Basic,
    BuiltInToken,
    ExternalToken,
}

/// <summary>
/// A registry with users and access rules: alice may push to public/ and team/, and delete from public/, reader may pull from both, every caller may pull from public/,
/// and bob may do nothing else. Users are made with the program's own command.
/// </summary>
public sealed class AccessRegistry : IAsyncDisposable
{
    public const string Alice = "alice";
    public const string Reader = "reader";
    public const string Bob = "bob";

    private const string Rules =
        """
        {
          "defaultPolicy": "deny",
          "rules": [
            { "repository": "public/**", "users": ["alice", "carol"], "permissions": ["pull", "push", "delete"] },
            { "repository": "public/**", "users": ["$anonymous", "*"], "permissions": ["pull"] },
            { "repository": "team/**", "users": ["alice", "carol"], "permissions": ["pull", "push"] },
            { "repository": "team/**", "users": ["reader"], "permissions": ["pull"] }
          ]
        }
        """;

    private readonly TemporaryFolder _folder = new("access");
    private readonly string _users;
    private readonly Dictionary<string, string?> _settings;
    private TokenService? _service;
    private RegistryProcess? _process;

    private AccessRegistry()
    {
        _users = _folder.File("users");
        string rules = _folder.File("rules.json");
        File.WriteAllText(rules, Rules);
        _settings = new()
        {
            ["REGISTRY_LOG_LEVEL"] = "debug",
            ["REGISTRY_ACCESS_CONTROL_ENABLED"] = "true",
            ["REGISTRY_ACCESS_CONTROL_CONFIG"] = rules,
        };
    }

    public string HostPort => _process!.HostPort;

    public string Output => _process!.Output;

    /// <summary>Starts a registry.</summary>
    /// <param name="login">Kind of authentication.</param>
    /// <param name="logFormat">REGISTRY_LOG_FORMAT; null for its default.</param>
    /// <param name="under">A program that starts the server; null for none.</param>
    /// <param name="policy">REGISTRY_POLICY_CONFIG; null for none.</param>
    public static async Task<AccessRegistry> StartAsync(Login login, string? logFormat = null, IReadOnlyList<string>? under = null, string? policy = null)
    {
        var registry = new AccessRegistry();
        registry._settings["REGISTRY_LOG_FORMAT"] = logFormat;
        registry._settings["REGISTRY_POLICY_CONFIG"] = policy;
        try
        {
            await registry.StartInnerAsync(login, under);
            return registry;
        }
        catch
        {
            await registry.DisposeAsync();
            throw;
        }
    }

    /// <summary>Password that must appear only in the login.</summary>
    public static string PasswordOf(string user) => $"canary-{user}-5up3r-s3cret";

    /// <summary>Runs <c>registry user add</c> with the password on standard input.</summary>
    public async Task AddUserAsync(string user)
    {
        Command shell = Program();
        shell.Environment["PASSWORD"] = PasswordOf(user);
        _ = await shell.RunAsync("-c", "echo \"$PASSWORD\" | \"$PROGRAM\" \"$ASSEMBLY\" user add \"$0\"", user);
    }

    public async Task RemoveUserAsync(string user) =>
        _ = await Program().RunAsync("-c", "\"$PROGRAM\" \"$ASSEMBLY\" user remove \"$0\"", user);

    /// <summary>Adds a user with Apache's own program.</summary>
    public async Task AddUserWithApacheAsync(string user) =>
        _ = await new Command("htpasswd", "apache2-utils").RunAsync("-B", "-b", _users, user, PasswordOf(user));

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
        if (_service is not null)
        {
            await _service.DisposeAsync();
        }
        _folder.Dispose();
    }

    private Command Program() => new("sh", "dash")
    {
        Environment =
        {
            ["PROGRAM"] = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            ["ASSEMBLY"] = Path.Combine(AppContext.BaseDirectory, "registry.dll"),
            ["REGISTRY_AUTH_HTPASSWD"] = _users,
        },
    };

    private async Task StartInnerAsync(Login login, IReadOnlyList<string>? under)
    {
        if (login == Login.ExternalToken)
        {
            string[] users = [Alice, Reader, Bob];
            _service = await TokenService.StartAsync(users.ToDictionary(user => user, PasswordOf));
            string key = _folder.File("public.pem");
            await File.WriteAllTextAsync(key, _service.PublicKey);
            _settings["REGISTRY_AUTH_TYPE"] = "token";
            _settings["REGISTRY_AUTH_TOKEN_REALM"] = _service.Realm;
            _settings["REGISTRY_AUTH_TOKEN_SERVICE"] = TokenService.Service;
            _settings["REGISTRY_AUTH_TOKEN_ISSUER"] = TokenService.Issuer;
            _settings["REGISTRY_AUTH_TOKEN_PUBLICKEY"] = key;
        }
        else
        {
            foreach (string user in (string[])[Alice, Reader, Bob])
            {
                await AddUserAsync(user);
            }
            _settings["REGISTRY_AUTH_TYPE"] = login == Login.Basic ? "basic" : "token";
            _settings["REGISTRY_AUTH_TOKEN_BUILTIN"] = login == Login.Basic ? null : "true";
            _settings["REGISTRY_AUTH_HTPASSWD"] = _users;
        }
        _process = await RegistryProcess.StartAsync(_folder.Folder("storage"), _settings, under, cancellationToken: TestContext.Current.CancellationToken);
    }
}
