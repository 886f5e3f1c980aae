namespace Registry.Core.Access;

/// <summary>How callers say who they are.</summary>
public enum AuthenticationKind
{
    /// <summary>They do not: everybody is anonymous.</summary>
    None,

    /// <summary>With a user name and a password in every request.</summary>
    Basic,

    /// <summary>With a token of an external service.</summary>
    Token,

    /// <summary>With a token of this registry's own service, or a user name and a password.</summary>
    BuiltInToken,
}
