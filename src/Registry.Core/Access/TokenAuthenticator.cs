namespace Registry.Core.Access;

/// <summary>Tokens of an external service.</summary>
public sealed class TokenAuthenticator(TokenValidator tokens) : IAuthenticator
{
    public async ValueTask<AuthenticationResult> AuthenticateAsync(string? scheme, string parameter)
    {
        if (scheme is null)
        {
            return AuthenticationResult.Accept(Identity.Anonymous);
        }

        if (!scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
        {
            return AuthenticationResult.Rejected;
        }

        using var claims = await tokens.ValidateAsync(parameter);
        if (claims is null)
        {
            return AuthenticationResult.Rejected;
        }

        var user = TokenClaims.String(claims, "sub");
        return AuthenticationResult.Accept(new Identity(string.IsNullOrEmpty(user) ? null : user, TokenClaims.Scope(claims)));
    }
}
