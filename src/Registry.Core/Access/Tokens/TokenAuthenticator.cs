using Registry.Core.Access.Identities;

namespace Registry.Core.Access.Tokens;

/// <summary>Authenticates by tokens of an external service.</summary>
public sealed class TokenAuthenticator(TokenValidator tokens) : IAuthenticator
{
    public async ValueTask<AuthenticationResult> AuthenticateAsync(string? scheme, string parameter, ICaller caller)
    {
        if (scheme is null)
        {
            return AuthenticationResult.Accept(Identity.Anonymous);
        }

        if (!scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
        {
            return AuthenticationResult.Reject(LoginFault.Scheme);
        }

        using var verdict = await tokens.ValidateAsync(parameter);
        if (verdict.Claims is not { } claims)
        {
            return AuthenticationResult.Reject(verdict.Fault!);
        }

        var user = TokenClaims.String(claims, "sub");
        return AuthenticationResult.Accept(new Identity(string.IsNullOrEmpty(user) ? null : user, TokenClaims.Scope(claims)));
    }
}
