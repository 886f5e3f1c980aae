using Registry.Core.Oci;

namespace Registry.Core.Access.Rules;

/// <summary>Scope of a token: its <c>access</c> claim.</summary>
public sealed class TokenScope
{
    /// <summary>Scope of a token without a list. It covers everything, so that the rules alone decide.</summary>
    public static readonly TokenScope ByRules = new([]) { HasCatalog = true, CoversEverything = true };

    private readonly Dictionary<RepositoryName, RepositoryActions> _repositories = [];

    public TokenScope(IEnumerable<ResourceScope> granted)
    {
        ArgumentNullException.ThrowIfNull(granted);
        foreach (var scope in granted)
        {
            if (scope.Repository is { } repository)
            {
                _repositories[repository] = _repositories.GetValueOrDefault(repository) | scope.Actions;
            }
            else
            {
                HasCatalog |= scope.Actions != RepositoryActions.None;
            }
        }
    }

    /// <summary>True if the scope covers the catalog.</summary>
    public bool HasCatalog { get; private init; }

    private bool CoversEverything { get; init; }

    /// <summary>True if the scope covers an action on a repository.</summary>
    public bool Covers(RepositoryName repository, RepositoryActions action) =>
        CoversEverything || (_repositories.GetValueOrDefault(repository) & action) == action;
}
