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
