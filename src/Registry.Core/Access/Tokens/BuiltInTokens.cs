using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Registry.Core.Access.Identities;
using Registry.Core.Access.Passwords;
using Registry.Core.Access.Rules;

namespace Registry.Core.Access.Tokens;

/// <summary>
/// Issues and validates tokens for the registry's own users. A token carries a fingerprint of its user's line in the htpasswd file and is
/// refused once that line has changed or is gone.
/// </summary>
public sealed class BuiltInTokens : IAuthenticator, IDisposable
{
    /// <summary>Lifetime of an access token: long enough for a push, and short enough that a stolen one soon expires.</summary>
    public static readonly TimeSpan AccessLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Lifetime of a refresh token, which docker stores instead of the password.</summary>
    public static readonly TimeSpan RefreshLifetime = TimeSpan.FromDays(90);

    /// <summary>
    /// Length of the longest access token with a list of scopes, in characters. A longer token carries no list, and the rules alone decide, as
    /// they do for every request anyway. Proxies accept header lines of 8 KiB (nginx), some of 4 KiB.
    /// </summary>
    public const int MaxListLength = 4 * 1024;

    private const string FingerprintClaim = "line";

    // Replaces the list, so that a token with neither grants nothing.
    private const string RulesClaim = "by_rules";

    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly ECDsa _key;
    private readonly SigningCredentials _signing;
    private readonly string _issuer;
    private readonly string _service;
    private readonly Func<Htpasswd> _users;
    private readonly BasicAuthenticator _passwords;
    private readonly TimeProvider _time;
    private readonly TokenValidator _accessTokens;
    private readonly TokenValidator _refreshTokens;

    /// <summary>Creates the service from its signing key.</summary>
    public BuiltInTokens(
        ECDsa key, string issuer, string service, Func<Htpasswd> users, BasicAuthenticator passwords, TimeProvider time)
    {
        _key = key;

        // A factory of its own: the library's shared one caches objects of a key beyond the lifetime of the key.
        var securityKey = new ECDsaSecurityKey(key) { CryptoProviderFactory = new CryptoProviderFactory() };
        _signing = new SigningCredentials(securityKey, SecurityAlgorithms.EcdsaSha256);
        _issuer = issuer;
        _service = service;
        _users = users;
        _passwords = passwords;
        _time = time;
        _accessTokens = new TokenValidator(issuer, service, () => [securityKey], time);
        _refreshTokens = new TokenValidator(issuer, RefreshAudience, () => [securityKey], time);
    }

    /// <summary>Name of the service, which is the audience of its tokens.</summary>
    public string Service => _service;

    // A different audience, so that a refresh token alone grants no access.
    private string RefreshAudience => $"{_service}/refresh";

    /// <summary>Accepts the registry's own bearer tokens, and passwords, as <c>curl -u</c> sends them.</summary>
    public async ValueTask<AuthenticationResult> AuthenticateAsync(string? scheme, string parameter, ICaller caller)
    {
        if (scheme is null || !scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
        {
            return await _passwords.AuthenticateAsync(scheme, parameter, caller);
        }

        using var verdict = await _accessTokens.ValidateAsync(parameter);
        if (verdict.Claims is not { } claims)
        {
            return AuthenticationResult.Reject(verdict.Fault!);
        }

        return TryReadUser(claims, out var user)
            ? AuthenticationResult.Accept(new Identity(user, TokenClaims.Boolean(claims, RulesClaim) ? TokenScope.ByRules : TokenClaims.Scope(claims)))
            : AuthenticationResult.Reject(ChangedUser(user));
    }

    /// <summary>Authenticates by a refresh token in place of a password.</summary>
    public async ValueTask<AuthenticationResult> AuthenticateRefreshTokenAsync(string token)
    {
        using var verdict = await _refreshTokens.ValidateAsync(token);
        if (verdict.Claims is not { } claims)
        {
            return AuthenticationResult.Reject(verdict.Fault!);
        }

        return TryReadUser(claims, out var user) && user is not null
            ? AuthenticationResult.Accept(new Identity(user))
            : AuthenticationResult.Reject(ChangedUser(user));
    }

    /// <summary>Issues an access token; without a list of scopes when that would make it longer than <see cref="MaxListLength"/>.</summary>
    /// <param name="user">User of the token; null for a caller without credentials.</param>
    /// <param name="granted">Scopes that the token grants.</param>
    /// <param name="issuedAt">Start of its lifetime.</param>
    public string IssueAccessToken(string? user, IEnumerable<ResourceScope> granted, DateTimeOffset issuedAt)
    {
        var access = granted.Where(scope => scope.Actions != RepositoryActions.None).Select(Describe).ToList();
        var token = Issue(user, _service, issuedAt, AccessLifetime, ("access", access));
        return token.Length <= MaxListLength ? token : Issue(user, _service, issuedAt, AccessLifetime, (RulesClaim, true));
    }

    /// <summary>Issues a refresh token, which a client exchanges for access tokens instead of sending the password again.</summary>
    public string IssueRefreshToken(string user) => Issue(user, RefreshAudience, _time.GetUtcNow(), RefreshLifetime);

    public void Dispose() => _key.Dispose();

    private static Dictionary<string, object> Describe(ResourceScope scope) => scope.Repository is { } repository
        ? new() { ["type"] = "repository", ["name"] = repository.Value, ["actions"] = ActionNames.Of(scope.Actions) }
        : new() { ["type"] = "registry", ["name"] = "catalog", ["actions"] = (string[])["*"] };

    private static LoginFault ChangedUser(string? user) => new("the user of this token was removed or has another password", user);

    private string Issue(string? user, string audience, DateTimeOffset issuedAt, TimeSpan lifetime, (string Name, object Value)? grant = null)
    {
        var payload = new Dictionary<string, object>
        {
            ["iss"] = _issuer,
            ["sub"] = user ?? string.Empty,
            ["aud"] = audience,
            ["iat"] = issuedAt.ToUnixTimeSeconds(),
            ["nbf"] = issuedAt.ToUnixTimeSeconds(),
            ["exp"] = (issuedAt + lifetime).ToUnixTimeSeconds(),
            ["jti"] = Guid.NewGuid().ToString("N"),
        };
        if (grant is { } claim)
        {
            payload[claim.Name] = claim.Value;
        }

        if (user is not null)
        {
            payload[FingerprintClaim] = _users().FindFingerprint(user) ?? string.Empty;
        }

        return _handler.CreateToken(new SecurityTokenDescriptor { Claims = payload, SigningCredentials = _signing });
    }

    // True with a null user for an anonymous token; false if the user's line has changed since.
    private bool TryReadUser(JsonDocument claims, out string? user)
    {
        user = TokenClaims.String(claims, "sub");
        if (string.IsNullOrEmpty(user))
        {
            user = null;
            return true;
        }

        return _users().FindFingerprint(user) is { } line && TokenClaims.String(claims, FingerprintClaim) == line;
    }
}
