namespace Registry.Core.Access.Rules;

/// <summary>The spelling of <see cref="RepositoryActions"/>.</summary>
public static class ActionNames
{
    /// <summary>Parses one action; None for any other word.</summary>
    public static RepositoryActions Parse(ReadOnlySpan<char> word) => word switch
    {
        "pull" => RepositoryActions.Pull,
        "push" => RepositoryActions.Push,
        "delete" => RepositoryActions.Delete,
        _ => RepositoryActions.None,
    };

    /// <summary>Words for the actions, in the order pull, push, delete.</summary>
    public static IReadOnlyList<string> Of(RepositoryActions actions)
    {
        var words = new List<string>(3);
        foreach (var (action, word) in (ReadOnlySpan<(RepositoryActions, string)>)
            [(RepositoryActions.Pull, "pull"), (RepositoryActions.Push, "push"), (RepositoryActions.Delete, "delete")])
        {
            if (actions.HasFlag(action))
            {
                words.Add(word);
            }
        }

        return words;
    }
}
