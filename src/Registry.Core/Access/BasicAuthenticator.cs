namespace Registry.Core.Access;

/// <summary>User names and passwords with every request.</summary>
public sealed class BasicAuthenticator(PasswordVerifier passwords) : IAuthenticator
{
    public async ValueTask<AuthenticationResult> AuthenticateAsync(string? scheme, string parameter)
    {
        if (scheme is null)
        {
            return AuthenticationResult.Accept(Identity.Anonymous);
        }

        if (!scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) || BasicCredentials.TryParse(parameter) is not { } credentials)
        {
            return AuthenticationResult.Rejected;
        }

        return await AuthenticateAsync(credentials);
    }

    /// <summary>Checks credentials that came another way.</summary>
    public async ValueTask<AuthenticationResult> AuthenticateAsync(BasicCredentials credentials)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        return await passwords.VerifyAsync(credentials) switch
        {
            true => AuthenticationResult.Accept(new Identity(credentials.User)),
            false => AuthenticationResult.Rejected,
            null => AuthenticationResult.Busy,
        };
    }
}
