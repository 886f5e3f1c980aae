namespace Registry.Core.Access;

/// <summary>What a request needs to be allowed.</summary>
public enum Permission
{
    /// <summary>Nothing: the token service, which does its own asking.</summary>
    Public,

    /// <summary>Nothing but being let in: the version check.</summary>
    Enter,

    /// <summary>Reading a repository.</summary>
    Pull,

    /// <summary>Writing to a repository, cancelling an upload included.</summary>
    Push,

    /// <summary>Deleting from a repository.</summary>
    Delete,

    /// <summary>Listing repositories.</summary>
    Catalog,
}
