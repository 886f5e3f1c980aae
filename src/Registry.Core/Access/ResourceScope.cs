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

    /// <summary>Parses one scope; null for a type this registry knows nothing of, which then grants nothing.</summary>
    public static ResourceScope? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == Catalog)
        {
            return new ResourceScope(null, RepositoryActions.All);
        }

        var first = text.IndexOf(':', StringComparison.Ordinal);
        var last = text.LastIndexOf(':');
        if (first < 0 || first == last)
        {
            return null;
        }

        // "repository(plugin)" has a class, which nothing depends on.
        var type = text[..first];
        var parenthesis = type.IndexOf('(', StringComparison.Ordinal);
        type = parenthesis < 0 ? type : type[..parenthesis];
        return type == "repository" && RepositoryName.TryParse(text.AsSpan(first + 1, last - first - 1), out var name)
            ? new ResourceScope(name, ParseActions(text[(last + 1)..].Split(',')))
            : null;
    }

    /// <summary>The actions among some words; <c>*</c> means all, and unknown words nothing.</summary>
    public static RepositoryActions ParseActions(IEnumerable<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        return words.Aggregate(RepositoryActions.None, (actions, word) => actions | (word == "*" ? RepositoryActions.All : ActionNames.Parse(word)));
    }
}
