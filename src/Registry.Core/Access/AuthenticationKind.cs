namespace Registry.Core.Access;

/// <summary>Method by which callers authenticate.</summary>
public enum AuthenticationKind
{
    /// <summary>No authentication: all callers are anonymous.</summary>
    None,

    /// <summary>A user name and a password in every request.</summary>
    Basic,

    /// <summary>A token of an external service.</summary>
    Token,

    /// <summary>A token of this registry's own service, or a user name and a password.</summary>
    BuiltInToken,
}
