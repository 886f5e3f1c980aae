namespace Registry.Core.Access;

/// <summary>Permission that a request needs.</summary>
public enum Permission
{
    /// <summary>None: the token service, which authenticates by itself.</summary>
    Public,

    /// <summary>Access to the registry without any action: the version check.</summary>
    Enter,

    /// <summary>Reading a repository.</summary>
    Pull,

    /// <summary>Writing to a repository, cancelling an upload included.</summary>
    Push,

    /// <summary>Deleting from a repository.</summary>
    Delete,

    /// <summary>Listing repositories.</summary>
    Catalog,

    /// <summary>Maintenance of the whole registry, for admins only.</summary>
    Maintain,
}
