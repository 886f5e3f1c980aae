namespace Registry.Core.Access;

/// <summary>The outcome, with the identity when it was accepted.</summary>
public readonly record struct AuthenticationResult(AuthenticationOutcome Outcome, Identity Identity)
{
    public static readonly AuthenticationResult Rejected = new(AuthenticationOutcome.Rejected, Identity.Anonymous);

    public static readonly AuthenticationResult Busy = new(AuthenticationOutcome.Busy, Identity.Anonymous);

    public static AuthenticationResult Accept(Identity identity) => new(AuthenticationOutcome.Accepted, identity);
}
