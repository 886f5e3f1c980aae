namespace Registry.Core.Access;

/// <summary>A rule of the access control file.</summary>
/// <param name="Repository">The repositories it is about.</param>
/// <param name="Users">The users it is about.</param>
/// <param name="Permissions">What they may do; nothing else.</param>
/// <param name="Line">Where it stands in the file, from 1.</param>
public sealed record AccessRule(RepositoryPattern Repository, IReadOnlyList<string> Users, RepositoryActions Permissions, int Line)
{
    /// <summary>Whether it is about a user; null stands for callers without credentials.</summary>
    public bool AppliesTo(string? user) => user is null
        ? Users.Contains(AccessRules.AnonymousUser)
        : Users.Contains(AccessRules.Everybody) || (user != AccessRules.AnonymousUser && Users.Contains(user));
}
