using Registry.Core.Oci;

namespace Registry.Core.Access;

/// <summary>
/// A scope as clients ask for it and tokens grant it: <c>repository:&lt;name&gt;:pull,push</c> or <c>registry:catalog:*</c>
/// (Docker's "Token Scope Documentation").
/// </summary>
/// <param name="Repository">The repository; null for the catalog.</param>
/// <param name="Actions">What it is about; for the catalog everything or nothing.</param>
public sealed record ResourceScope(RepositoryName? Repository, RepositoryActions Actions)
{
    /// <summary>The catalog's scope.</summary>
    public const string Catalog = "registry:catalog:*";

    /// <summary>Parses one scope, as it is asked for; null for a type this registry knows nothing of, which then grants nothing.</summary>
    public static ResourceScope? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var first = text.IndexOf(':', StringComparison.Ordinal);
        var last = text.LastIndexOf(':');
        return first < 0 || first == last ? null : TryParse(text[..first], text[(first + 1)..last], text[(last + 1)..].Split(','));
    }

    /// <summary>Reads the parts of a scope; null for a type this registry knows nothing of. Unknown actions are passed over.</summary>
    public static ResourceScope? TryParse(string type, string name, IEnumerable<string> actions)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(actions);
        if (type == "registry")
        {
            return name == "catalog" && actions.Contains("*") ? new ResourceScope(null, RepositoryActions.All) : null;
        }

        // "repository(plugin)" has a class, which nothing depends on.
        return (type == "repository" || (type.StartsWith("repository(", StringComparison.Ordinal) && type.EndsWith(')')))
            && RepositoryName.TryParse(name, out var repository)
            ? new ResourceScope(repository, ParseActions(actions))
            : null;
    }

    // "*" means all, and unknown words nothing.
    private static RepositoryActions ParseActions(IEnumerable<string> words) =>
        words.Aggregate(RepositoryActions.None, (actions, word) => actions | (word == "*" ? RepositoryActions.All : ActionNames.Parse(word)));
}
