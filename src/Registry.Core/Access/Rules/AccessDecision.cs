namespace Registry.Core.Access.Rules;

/// <summary>Actions that a user may perform on a repository, and the reason in words.</summary>
public sealed record AccessDecision(RepositoryActions Actions, string Reason)
{
    /// <summary>Tells if an action is allowed, by which rule, and what else that allows: a clause for people.</summary>
    public string Describe(RepositoryActions asked) =>
        $"{(Actions.HasFlag(asked) ? "allowed" : "denied")}: {Reason}; it allows {(Actions == RepositoryActions.None ? "nothing" : string.Join(", ", ActionNames.Of(Actions)))}";
}
