using Registry.Core.Oci;

namespace Registry.Core.Access.Rules;

/// <summary>
/// A scope as clients request it and tokens grant it: <c>repository:&lt;name&gt;:pull,push</c> or <c>registry:catalog:*</c>
/// (Docker's "Token Scope Documentation").
/// </summary>
/// <param name="Repository">The repository; null for the catalog.</param>
/// <param name="Actions">Actions of the scope; all or none for the catalog.</param>
public sealed record ResourceScope(RepositoryName? Repository, RepositoryActions Actions)
{
    /// <summary>Scope of the catalog.</summary>
    public const string Catalog = "registry:catalog:*";

    /// <summary>Parses one requested scope; null for an unknown type, which grants nothing.</summary>
    public static ResourceScope? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var first = text.IndexOf(':', StringComparison.Ordinal);
        var last = text.LastIndexOf(':');
        return first < 0 || first == last ? null : TryParse(text[..first], text[(first + 1)..last], text[(last + 1)..].Split(','));
    }

    /// <summary>Parses the parts of a scope; null for an unknown type, which grants nothing. Ignores unknown actions.</summary>
    public static ResourceScope? TryParse(string type, string name, IEnumerable<string> actions)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(actions);
        if (type == "registry")
        {
            return name == "catalog" && actions.Contains("*") ? new ResourceScope(null, RepositoryActions.All) : null;
        }

        // "repository(plugin)" names a class, which is ignored.
        return (type == "repository" || (type.StartsWith("repository(", StringComparison.Ordinal) && type.EndsWith(')')))
            && RepositoryName.TryParse(name, out var repository)
            ? new ResourceScope(repository, ParseActions(actions))
            : null;
    }

    // "*" stands for all actions; unknown words stand for none.
    private static RepositoryActions ParseActions(IEnumerable<string> words) =>
        words.Aggregate(RepositoryActions.None, (actions, word) => actions | (word == "*" ? RepositoryActions.All : ActionNames.Parse(word)));
}
