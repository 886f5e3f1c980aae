using Registry.Core.Access.Identities;
using Registry.Core.Access.Rules;
using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.Access;

/// <summary>Authorizes requests. The rules and the scope of the token must both allow a request; each request is decided anew.</summary>
/// <param name="kind">The kind of authentication.</param>
/// <param name="rules">Returns the current access rules; null without access control.</param>
public sealed class Authorizer(AuthenticationKind kind, Func<AccessRules>? rules)
{
    /// <summary>The access rules as they are in force; null without access control.</summary>
    public AccessRules? Rules => rules?.Invoke();

    /// <summary>Decides about a request.</summary>
    /// <param name="identity">Identity of the caller.</param>
    /// <param name="permission">Permission that the request needs.</param>
    /// <param name="repository">Repository of the request; default for a request without one.</param>
    public Verdict Decide(Identity identity, Permission permission, RepositoryName repository)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return permission switch
        {
            Permission.Public => Verdict.Allowed,

            // docker sends its credentials only to a registry that challenges it here.
            Permission.Enter => kind != AuthenticationKind.None && identity.IsAnonymous && identity.Scope is null
                ? Verdict.Unauthorized
                : Verdict.Allowed,
            Permission.Catalog => DecideCatalog(identity),
            Permission.Maintain => DecideMaintenance(identity),
            Permission.Pull => DecideRepository(identity, repository, RepositoryActions.Pull),
            Permission.Push => DecideRepository(identity, repository, RepositoryActions.Push),
            Permission.Delete => DecideRepository(identity, repository, RepositoryActions.Delete),
            _ => Verdict.Denied,
        };
    }

    /// <summary>True if a caller is an admin (<see cref="AccessRules.AdminUsers"/>); false without access control. What the token of the caller covers does not matter.</summary>
    public bool IsAdmin(Identity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return rules is not null && rules().IsAdmin(identity.Name);
    }

    /// <summary>True if a caller may pull from a repository.</summary>
    public bool MayPull(Identity identity, RepositoryName repository) => Decide(identity, Permission.Pull, repository) == Verdict.Allowed;

    /// <summary>
    /// True if the catalog shows a repository to a caller who may read the catalog. The rules alone decide: a token's scope names the catalog,
    /// not the repositories in it.
    /// </summary>
    public bool MayList(Identity identity, RepositoryName repository) =>
        ActionsByRules(identity, repository).HasFlag(RepositoryActions.Pull);

    /// <summary>Ranges that contain all repositories for which <see cref="MayList"/> is true, and perhaps others; in order and without overlap.</summary>
    public IReadOnlyList<RepositoryRange> ListableRanges(Identity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return rules is null ? [RepositoryRange.All] : rules().PullRanges(identity.Name, isOpen: kind == AuthenticationKind.None);
    }

    /// <summary>True if there may be a repository for which <see cref="MayList"/> is true.</summary>
    public bool MayListAny(Identity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return rules is null ? kind == AuthenticationKind.None || !identity.IsAnonymous : ListableRanges(identity).Count > 0;
    }

    /// <summary>
    /// Part of the origin of changes that a caller who may pull from a repository sees in its history. Addresses and programs of other users are for admins
    /// (<see cref="AccessRules.AdminUsers"/>); without access control there are none.
    /// </summary>
    public OriginDetail OriginsFor(Identity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return IsAdmin(identity) ? OriginDetail.Full : OriginDetail.Actor;
    }

    /// <summary>
    /// True if a caller may know what the whole registry holds: an admin (<see cref="AccessRules.AdminUsers"/>), or, without access rules, a caller who may pull from every
    /// repository. What an external token service would grant is not known.
    /// </summary>
    public bool SeesWholeRegistry(Identity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return rules is null ? kind != AuthenticationKind.Token && (kind == AuthenticationKind.None || !identity.IsAnonymous) : rules().IsAdmin(identity.Name);
    }

    /// <summary>Part of a scope that the built-in token service grants to a user.</summary>
    public ResourceScope Grant(Identity identity, ResourceScope asked)
    {
        ArgumentNullException.ThrowIfNull(asked);
        var withoutToken = identity with { Scope = null };
        return asked.Repository is { } repository
            ? asked with { Actions = asked.Actions & ActionsByRules(withoutToken, repository) }
            : asked with { Actions = MayHaveCatalog(identity) ? asked.Actions : RepositoryActions.None };
    }

    private Verdict DecideRepository(Identity identity, RepositoryName repository, RepositoryActions action)
    {
        var isAllowed = (ActionsByRules(identity, repository) & action) == action;
        if (identity.Scope is { } scope && !scope.Covers(repository, action))
        {
            // The registry cannot know what an external service would grant; its own service grants what the rules allow.
            return identity.IsAnonymous ? Verdict.Unauthorized
                : kind == AuthenticationKind.Token || isAllowed ? Verdict.InsufficientScope : Verdict.Denied;
        }

        return isAllowed ? Verdict.Allowed : Refuse(identity);
    }

    private Verdict DecideCatalog(Identity identity)
    {
        if (identity.Scope is { HasCatalog: false })
        {
            return identity.IsAnonymous ? Verdict.Unauthorized : Verdict.InsufficientScope;
        }

        // oras and regctl send credentials only after a challenge: without one, they would take the public part for the whole catalog.
        return kind != AuthenticationKind.None && identity.IsAnonymous && identity.Scope is null ? Verdict.Unauthorized : Verdict.Allowed;
    }

    // Without rules or users, no caller is known to be an admin. A token must cover the whole registry, so that one for a repository does not do.
    private Verdict DecideMaintenance(Identity identity)
    {
        var verdict = DecideCatalog(identity);
        return verdict != Verdict.Allowed || IsAdmin(identity) ? verdict : Refuse(identity);
    }

    // The listing shows what the caller may pull. For a caller without credentials it exists only if something is public.
    private bool MayHaveCatalog(Identity identity) => !identity.IsAnonymous
        || (rules is not null && rules().Rules.Any(rule => rule.AppliesTo(null) && rule.Permissions.HasFlag(RepositoryActions.Pull)));

    private RepositoryActions ActionsByRules(Identity identity, RepositoryName repository)
    {
        var isOpen = kind == AuthenticationKind.None;
        if (rules is not null)
        {
            // An external service may grant actions to callers without a name; then its token and the rules decide.
            return rules().ActionsFor(identity.Name, repository, isOpen);
        }

        return isOpen || !identity.IsAnonymous || (kind == AuthenticationKind.Token && identity.Scope is not null)
            ? RepositoryActions.All
            : RepositoryActions.None;
    }

    // Without authentication, a challenge would ask for credentials that do not exist.
    private Verdict Refuse(Identity identity) =>
        identity.IsAnonymous && kind != AuthenticationKind.None ? Verdict.Unauthorized : Verdict.Denied;
}
