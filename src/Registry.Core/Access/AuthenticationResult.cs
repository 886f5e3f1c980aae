namespace Registry.Core.Access;

/// <summary>What became of a request's credentials.</summary>
public enum AuthenticationOutcome
{
    /// <summary>There were none, or they were good: the identity says which.</summary>
    Accepted,

    /// <summary>They were bad. Why is nobody's business.</summary>
    Rejected,

    /// <summary>Too many passwords are being checked at the moment.</summary>
    Busy,
}

/// <summary>The outcome, with the identity when it was accepted.</summary>
public readonly record struct AuthenticationResult(AuthenticationOutcome Outcome, Identity Identity)
{
    public static readonly AuthenticationResult Rejected = new(AuthenticationOutcome.Rejected, Identity.Anonymous);

    public static readonly AuthenticationResult Busy = new(AuthenticationOutcome.Busy, Identity.Anonymous);

    public static AuthenticationResult Accept(Identity identity) => new(AuthenticationOutcome.Accepted, identity);
}
