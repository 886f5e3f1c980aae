namespace Registry.Core.Access.Identities;

/// <summary>No authentication: every caller is anonymous, whatever it sends.</summary>
public sealed class NoAuthenticator : IAuthenticator
{
    public ValueTask<AuthenticationResult> AuthenticateAsync(string? scheme, string parameter, ICaller caller) =>
        ValueTask.FromResult(AuthenticationResult.Accept(Identity.Anonymous));
}
