namespace Registry.Core.Access;

/// <summary>No authentication: whatever a client sends, it is anonymous.</summary>
public sealed class NoAuthenticator : IAuthenticator
{
    public ValueTask<AuthenticationResult> AuthenticateAsync(string? scheme, string parameter) =>
        ValueTask.FromResult(AuthenticationResult.Accept(Identity.Anonymous));
}
