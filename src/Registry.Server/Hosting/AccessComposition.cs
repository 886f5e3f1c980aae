using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using Registry.Core.Access;
using Registry.Core.Access.Identities;
using Registry.Core.Access.Passwords;
using Registry.Core.Access.Rules;
using Registry.Core.Access.Sessions;
using Registry.Core.Access.Tokens;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Files.Watching;
using Registry.Server.Configuration;
using Registry.Server.Endpoints.Tokens;
using Registry.Server.Http;
using Registry.Server.Memory;
using Registry.Server.Pipeline;
using Registry.Server.Telemetry.Logs;
using Registry.Storage;

namespace Registry.Server.Hosting;

/// <summary>Composition of authentication and access control.</summary>
internal sealed partial class AccessComposition : IAsyncDisposable
{
    private readonly ILogger<AccessComposition> _logger;
    private readonly FailedLogins _failedLogins;
    private readonly WatchedFile<Htpasswd>? _users;
    private readonly WatchedFile<AccessRules>? _rules;
    private readonly WatchedFile<IReadOnlyList<SecurityKey>>? _keys;
    private readonly PasswordVerifier? _passwords;
    private readonly BuiltInTokens? _tokens;

    private AccessComposition(
        RegistryOptions options, ECDsa? tokenKey, IWebSessionStore sessions, MirrorMapping? mirror, RequestMemory memory, TimeProvider time, ILoggerFactory loggers)
    {
        var log = _logger = loggers.CreateLogger<AccessComposition>();
        _users = WatchedSetting.Open("REGISTRY_AUTH_HTPASSWD", options.HtpasswdPath, bytes => ReadUsers(bytes, options), time, log);
        _rules = WatchedSetting.Open("REGISTRY_ACCESS_CONTROL_CONFIG", options.AccessControlPath, bytes => ReadRules(bytes, options), time, log);
        _keys = WatchedSetting.Open("REGISTRY_AUTH_TOKEN_PUBLICKEY", options.TokenPublicKeyPath, bytes => ReadKeys(bytes, options), time, log);
        _failedLogins = new FailedLogins(time, loggers.CreateLogger<FailedLogins>());
        var challenges = new Challenges(options);
        var authorizer = Authorizer = new Authorizer(options.Authentication, _rules is null ? null : () => _rules.Value);
        IAuthenticator authenticator;
        switch (options.Authentication)
        {
            case AuthenticationKind.Basic:
                _passwords = new PasswordVerifier(() => _users!.Value);
                var ofUsers = new BasicAuthenticator(_passwords);
                Users = (new WebSessions(sessions, () => _users!.Value, time), ofUsers);
                authenticator = ofUsers;
                break;
            case AuthenticationKind.Token:
                authenticator = new TokenAuthenticator(new TokenValidator(options.TokenIssuer, options.TokenService, () => _keys!.Value, time));
                break;
            case AuthenticationKind.BuiltInToken:
                _passwords = new PasswordVerifier(() => _users!.Value);
                var basic = new BasicAuthenticator(_passwords);
                _tokens = new BuiltInTokens(tokenKey!, options.TokenIssuer, options.TokenService, () => _users!.Value, basic, time);
                Users = (new WebSessions(sessions, () => _users!.Value, time), basic);
                authenticator = _tokens;
                TokenEndpoint = new TokenEndpoint(
                    _tokens, basic, authorizer, challenges, _failedLogins, memory.Bodies, options.Limits.HeldBody, time, mirror);
                break;
            default:
                authenticator = new NoAuthenticator();
                break;
        }

        Gate = new AccessGate(authenticator, authorizer, challenges, _failedLogins);
    }

    /// <summary>Reads the files of users, keys and rules, and the key of the built-in token service.</summary>
    /// <exception cref="StartupException">One of them cannot be used.</exception>
    /// <exception cref="StorageException">The metadata cannot be read or written.</exception>
    public static async Task<AccessComposition> OpenAsync(
        RegistryOptions options, RegistryStorage storage, MirrorMapping? mirror, RequestMemory memory, TimeProvider time, ILoggerFactory loggers)
    {
        var key = options.Authentication == AuthenticationKind.BuiltInToken ? await OpenKeyAsync(storage) : null;
        try
        {
            return new AccessComposition(options, key, storage.Ports.WebSessions, mirror, memory, time, loggers);
        }
        catch
        {
            key?.Dispose();
            throw;
        }
    }

    public AccessGate Gate { get; }

    /// <summary>The access rules.</summary>
    public Authorizer Authorizer { get; }

    /// <summary>Log-ins to the web interface, and the check of their passwords; null for a registry without users of its own.</summary>
    public (WebSessions Sessions, BasicAuthenticator Passwords)? Users { get; }

    /// <summary>Names of the users in the htpasswd file, in ordinal order; empty without one.</summary>
    public IReadOnlyList<string> UserNames => [.. _users?.Value.Users ?? []];

    /// <summary>Log of failed log-ins.</summary>
    public FailedLogins FailedLogins => _failedLogins;

    /// <summary>Built-in token service; null when it is off.</summary>
    public TokenEndpoint? TokenEndpoint { get; }

    /// <summary>Number of passwords checked with bcrypt.</summary>
    public long PasswordChecks => _passwords?.Checks ?? 0;

    /// <summary>Files that can be reloaded, with the names of their settings.</summary>
    public IEnumerable<(string Setting, IReloadable File)> Files => new (string Setting, IReloadable? File)[]
    {
        ("REGISTRY_AUTH_HTPASSWD", _users), ("REGISTRY_AUTH_TOKEN_PUBLICKEY", _keys), ("REGISTRY_ACCESS_CONTROL_CONFIG", _rules),
    }.Where(file => file.File is not null)!;

    public async ValueTask DisposeAsync()
    {
        foreach (var file in (IAsyncDisposable?[])[_users, _rules, _keys])
        {
            if (file is not null)
            {
                await file.DisposeAsync();
            }
        }

        _failedLogins.Dispose();
        _passwords?.Dispose();
        _tokens?.Dispose();
    }

    private Htpasswd ReadUsers(byte[] content, RegistryOptions options)
    {
        var users = Htpasswd.Read(content);
        foreach (var line in users.CostlyLines)
        {
            LogCostlyLine(options.HtpasswdPath!, line);
        }

        return users;
    }

    // After a Basic challenge, docker and podman send only a password; without one, they fail with "no basic auth credentials".
    private AccessRules ReadRules(byte[] content, RegistryOptions options)
    {
        var rules = AccessRulesReader.Read(content);
        if (options.Authentication == AuthenticationKind.Basic
            && rules.Rules.FirstOrDefault(rule => rule.AppliesTo(null) && rule.Permissions != RepositoryActions.None) is { } rule)
        {
            LogAnonymousUnderBasic(options.AccessControlPath!, rule.Line);
        }

        return rules;
    }

    private IReadOnlyList<SecurityKey> ReadKeys(byte[] content, RegistryOptions options)
    {
        var keys = TokenKeys.Read(content, out var ignored);
        foreach (var fault in ignored)
        {
            LogIgnoredKey(options.TokenPublicKeyPath!, fault);
        }

        return keys;
    }

    [LoggerMessage(1, LogLevel.Warning,
        "{Path} line {Line} grants access to $anonymous, but docker and podman cannot pull without a login while REGISTRY_AUTH_TYPE is basic. To allow that, set REGISTRY_AUTH_TYPE=token and REGISTRY_AUTH_TOKEN_BUILTIN=true; the users stay the same")]
    private partial void LogAnonymousUnderBasic(string path, int line);

    [LoggerMessage(2, LogLevel.Warning, "{Path}: {Fault}; this key is ignored, the others are used")]
    private partial void LogIgnoredKey(string path, string fault);

    [LoggerMessage(3, LogLevel.Warning, "{Path} {Line}")]
    private partial void LogCostlyLine(string path, CostlyLine line);

    private static async Task<ECDsa> OpenKeyAsync(RegistryStorage storage)
    {
        try
        {
            return await storage.OpenTokenKeyAsync();
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            var path = storage.Folder!.Paths.TokenKey;
            throw new StartupException($"{path}, the key of the built-in token service, cannot be used: {IoFault.Reason(e, path)}", e);
        }
    }
}
