namespace Registry.Core.Access.Rules;

/// <summary>A rule of the access control file.</summary>
/// <param name="Repository">Pattern of the repositories that the rule applies to.</param>
/// <param name="Users">Users that the rule applies to.</param>
/// <param name="Permissions">Actions that the rule allows; it denies all others.</param>
/// <param name="Line">Line of the rule in the file, from 1.</param>
public sealed record AccessRule(RepositoryPattern Repository, IReadOnlyList<string> Users, RepositoryActions Permissions, int Line)
{
    /// <summary>True if the rule applies to the user; null stands for a caller without credentials.</summary>
    public bool AppliesTo(string? user) => user is null
        ? Users.Contains(AccessRules.AnonymousUser)
        : Users.Contains(AccessRules.Everybody) || (user != AccessRules.AnonymousUser && Users.Contains(user));
}
