namespace Registry.Core.Access.Identities;

/// <summary>Result of checking a request's credentials.</summary>
public enum AuthenticationOutcome
{
    /// <summary>The credentials are valid, or the request has none; the identity distinguishes the two.</summary>
    Accepted,

    /// <summary>The credentials are invalid. The caller is not told why.</summary>
    Rejected,

    /// <summary>Too many password checks are in progress.</summary>
    Busy,
}
