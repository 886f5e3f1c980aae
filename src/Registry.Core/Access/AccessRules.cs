using Registry.Core.Oci;

namespace Registry.Core.Access;

/// <summary>The access control file: who may do what to which repository. The first rule whose pattern and users both match decides.</summary>
public sealed record AccessRules
{
    /// <summary>How a rule writes all users that have authenticated.</summary>
    public const string Everybody = "*";

    /// <summary>How a rule writes callers without credentials, whom <see cref="Everybody"/> does not include.</summary>
    public const string AnonymousUser = "$anonymous";

    /// <summary>What holds for authenticated users when no rule matches.</summary>
    public required bool AllowsByDefault { get; init; }

    /// <summary>Users that no rule applies to: they may do everything.</summary>
    public IReadOnlySet<string> AdminUsers { get; init; } = new HashSet<string>();

    /// <summary>The rules, in order.</summary>
    public IReadOnlyList<AccessRule> Rules { get; init; } = [];

    /// <summary>What a user may do to a repository.</summary>
    /// <remarks>Allocates nothing: every request asks.</remarks>
    /// <inheritdoc cref="Decide"/>
    public RepositoryActions FindActions(string? user, RepositoryName repository, bool isOpen)
    {
        if (IsAdmin(user))
        {
            return RepositoryActions.All;
        }

        return FindRule(user, repository) is { } index ? Rules[index].Permissions : FindDefault(user, isOpen);
    }

    /// <summary>What a user may do to a repository, and why.</summary>
    /// <param name="user">The user; null for a caller without credentials.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="isOpen">Whether there is no authentication at all, so that the default holds for callers without credentials, too.</param>
    public AccessDecision Decide(string? user, RepositoryName repository, bool isOpen)
    {
        if (IsAdmin(user))
        {
            return new AccessDecision(RepositoryActions.All, $"'{user}' is one of adminUsers");
        }

        if (FindRule(user, repository) is { } index)
        {
            var rule = Rules[index];
            return new AccessDecision(
                rule.Permissions,
                $"rule {index + 1} (line {rule.Line}: \"{rule.Repository}\" for {string.Join(", ", rule.Users)}) is the first that matches");
        }

        var actions = FindDefault(user, isOpen);
        return new AccessDecision(actions, (AllowsByDefault, actions) switch
        {
            (false, _) => "no rule matches, and defaultPolicy is \"deny\"",
            (true, RepositoryActions.None) => "no rule matches, and defaultPolicy \"allow\" is for authenticated users",
            _ => "no rule matches, and defaultPolicy is \"allow\"",
        });
    }

    private bool IsAdmin(string? user) => user is not null && AdminUsers.Contains(user);

    // The index of the first rule whose pattern and users both match.
    private int? FindRule(string? user, RepositoryName repository)
    {
        for (var i = 0; i < Rules.Count; i++)
        {
            if (Rules[i].AppliesTo(user) && Rules[i].Repository.Matches(repository))
            {
                return i;
            }
        }

        return null;
    }

    // A default that was written with users in mind must not open the registry to everybody.
    private RepositoryActions FindDefault(string? user, bool isOpen) =>
        AllowsByDefault && (user is not null || isOpen) ? RepositoryActions.All : RepositoryActions.None;
}
