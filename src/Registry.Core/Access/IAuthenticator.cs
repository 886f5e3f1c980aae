namespace Registry.Core.Access;

/// <summary>Finds out who is asking.</summary>
public interface IAuthenticator
{
    /// <summary>Looks at the credentials of a request.</summary>
    /// <param name="scheme">The scheme of the Authorization header, in any case; null without the header.</param>
    /// <param name="parameter">What follows the scheme.</param>
    ValueTask<AuthenticationResult> AuthenticateAsync(string? scheme, string parameter);
}
