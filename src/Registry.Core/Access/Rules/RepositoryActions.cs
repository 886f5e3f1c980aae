namespace Registry.Core.Access.Rules;

/// <summary>Actions on a repository, as in rules and tokens.</summary>
[Flags]
public enum RepositoryActions
{
    None = 0,

    /// <summary><c>pull</c>.</summary>
    Pull = 1,

    /// <summary><c>push</c>.</summary>
    Push = 2,

    /// <summary><c>delete</c>.</summary>
    Delete = 4,

    /// <summary>All of them; <c>*</c> in a token's scope.</summary>
    All = Pull | Push | Delete,
}
