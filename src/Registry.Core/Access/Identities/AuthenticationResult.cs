namespace Registry.Core.Access.Identities;

/// <summary>Outcome of an authentication, with the identity if it was accepted and the reason if it was rejected.</summary>
public readonly record struct AuthenticationResult(AuthenticationOutcome Outcome, Identity Identity, LoginFault? Fault = null)
{
    public static readonly AuthenticationResult Busy = new(AuthenticationOutcome.Busy, Identity.Anonymous);

    public static AuthenticationResult Accept(Identity identity) => new(AuthenticationOutcome.Accepted, identity);

    public static AuthenticationResult Reject(LoginFault fault) => new(AuthenticationOutcome.Rejected, Identity.Anonymous, fault);
}
