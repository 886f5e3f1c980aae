using Registry.Core.Access.Identities;

namespace Registry.Core.Access.Passwords;

/// <summary>Authenticates by the user name and password in each request.</summary>
public sealed class BasicAuthenticator(PasswordVerifier passwords) : IAuthenticator
{
    public async ValueTask<AuthenticationResult> AuthenticateAsync(string? scheme, string parameter, ICaller caller)
    {
        if (scheme is null)
        {
            return AuthenticationResult.Accept(Identity.Anonymous);
        }

        if (!scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase))
        {
            return AuthenticationResult.Reject(LoginFault.Scheme);
        }

        return BasicCredentials.TryParse(parameter) is { } credentials
            ? await AuthenticateAsync(credentials, caller)
            : AuthenticationResult.Reject(LoginFault.Malformed);
    }

    /// <summary>Checks credentials that were not sent in the Authorization header.</summary>
    public async ValueTask<AuthenticationResult> AuthenticateAsync(BasicCredentials credentials, ICaller caller)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        return await passwords.VerifyAsync(credentials, caller) switch
        {
            true => AuthenticationResult.Accept(new Identity(credentials.User)),
            false => AuthenticationResult.Reject(
                new LoginFault(passwords.HasUser(credentials.User) ? "wrong password" : "unknown user", credentials.User)),
            null => AuthenticationResult.Busy,
        };
    }
}
