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

    /// <summary>What a user may do to a repository, and why.</summary>
    /// <param name="user">The user; null for a caller without credentials.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="isOpen">Whether there is no authentication at all, so that the default holds for callers without credentials, too.</param>
    public AccessDecision Decide(string? user, RepositoryName repository, bool isOpen)
    {
        if (user is not null && AdminUsers.Contains(user))
        {
            return new AccessDecision(RepositoryActions.All, $"'{user}' is one of adminUsers");
        }

        for (var i = 0; i < Rules.Count; i++)
        {
            var rule = Rules[i];
            if (rule.AppliesTo(user) && rule.Repository.Matches(repository))
            {
                return new AccessDecision(
                    rule.Permissions,
                    $"rule {i + 1} (line {rule.Line}: \"{rule.Repository}\" for {string.Join(", ", rule.Users)}) is the first that matches");
            }
        }

        // A default that was written with users in mind must not open the registry to everybody.
        return AllowsByDefault && (user is not null || isOpen)
            ? new AccessDecision(RepositoryActions.All, "no rule matches, and defaultPolicy is \"allow\"")
            : new AccessDecision(
                RepositoryActions.None,
                AllowsByDefault
                    ? "no rule matches, and defaultPolicy \"allow\" is for authenticated users, unless REGISTRY_AUTH_TYPE is none"
                    : "no rule matches, and defaultPolicy is \"deny\"");
    }
}
