using Registry.Core.Oci;

namespace Registry.Core.Access;

/// <summary>Decides who may do what. Rules and a token's scope must both allow, at every request anew.</summary>
/// <param name="kind">The kind of authentication.</param>
/// <param name="rules">The access rules at the moment; null without access control.</param>
public sealed class Authorizer(AuthenticationKind kind, Func<AccessRules>? rules)
{
    /// <summary>Decides about a request.</summary>
    /// <param name="identity">Who is asking.</param>
    /// <param name="permission">What for.</param>
    /// <param name="repository">Where; default for requests that are about no repository.</param>
    public Verdict Decide(Identity identity, Permission permission, RepositoryName repository)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return permission switch
        {
            Permission.Public => Verdict.Allowed,

            // docker shows its credentials only to a registry that has asked for them here.
            Permission.Enter => kind != AuthenticationKind.None && identity.IsAnonymous && identity.Scope is null
                ? Verdict.Unauthorized
                : Verdict.Allowed,
            Permission.Catalog => DecideCatalog(identity),
            Permission.Pull => DecideRepository(identity, repository, RepositoryActions.Pull),
            Permission.Push => DecideRepository(identity, repository, RepositoryActions.Push),
            Permission.Delete => DecideRepository(identity, repository, RepositoryActions.Delete),
            _ => Verdict.Denied,
        };
    }

    /// <summary>Whether a caller may pull from a repository.</summary>
    public bool MayPull(Identity identity, RepositoryName repository) => Decide(identity, Permission.Pull, repository) == Verdict.Allowed;

    /// <summary>
    /// Whether the catalog shows a repository to a caller who may see the catalog: the rules say so, since a token's scope names the catalog and
    /// not what is in it.
    /// </summary>
    public bool MayList(Identity identity, RepositoryName repository) =>
        ActionsByRules(identity, repository).HasFlag(RepositoryActions.Pull);

    /// <summary>Where the repositories are that <see cref="MayList"/> is true of, in order and without overlap; others are there, too.</summary>
    public IReadOnlyList<RepositoryRange> ListableRanges(Identity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return rules is null ? [RepositoryRange.All] : rules().PullRanges(identity.Name, isOpen: kind == AuthenticationKind.None);
    }

    /// <summary>The part of a scope that a user of the built-in token service is granted.</summary>
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
            // Of an external service nobody here knows what it would grant; of ours, it is what the rules say.
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

        // oras and regctl show credentials only after a challenge: they would take the public part for the whole.
        return kind != AuthenticationKind.None && identity.IsAnonymous && identity.Scope is null ? Verdict.Unauthorized : Verdict.Allowed;
    }

    // The listing shows what the caller may pull; for a caller without credentials it exists only where something is public.
    private bool MayHaveCatalog(Identity identity) => !identity.IsAnonymous
        || (rules is not null && rules().Rules.Any(rule => rule.AppliesTo(null) && rule.Permissions.HasFlag(RepositoryActions.Pull)));

    private RepositoryActions ActionsByRules(Identity identity, RepositoryName repository)
    {
        var isOpen = kind == AuthenticationKind.None;
        if (rules is not null)
        {
            // An external service may grant something to callers without a name; then its token is what counts beside the rules.
            return rules().ActionsFor(identity.Name, repository, isOpen);
        }

        return isOpen || !identity.IsAnonymous || (kind == AuthenticationKind.Token && identity.Scope is not null)
            ? RepositoryActions.All
            : RepositoryActions.None;
    }

    // Without authentication there are no credentials to try again with.
    private Verdict Refuse(Identity identity) =>
        identity.IsAnonymous && kind != AuthenticationKind.None ? Verdict.Unauthorized : Verdict.Denied;
}
