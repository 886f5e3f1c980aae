namespace Registry.Core.Access.Identities;

/// <summary>Authenticates callers.</summary>
public interface IAuthenticator
{
    /// <summary>Checks the credentials of a request.</summary>
    /// <param name="scheme">Scheme of the Authorization header, in any case; null without the header.</param>
    /// <param name="parameter">Rest of the header after the scheme.</param>
    /// <param name="caller">Sender of the request.</param>
    /// <exception cref="OperationCanceledException">The caller has gone away while its check waited.</exception>
    ValueTask<AuthenticationResult> AuthenticateAsync(string? scheme, string parameter, ICaller caller);
}
