using Registry.Core.Oci;

namespace Registry.Core.Access.Rules;

/// <summary>The access control file: which users may do what to which repository. The first rule whose pattern and users both match decides.</summary>
public sealed record AccessRules
{
    /// <summary>Name that stands for all authenticated users in a rule.</summary>
    public const string Everybody = "*";

    /// <summary>Name that stands for callers without credentials in a rule; <see cref="Everybody"/> does not include them.</summary>
    public const string AnonymousUser = "$anonymous";

    /// <summary>True if authenticated users may do everything when no rule matches.</summary>
    public required bool AllowsByDefault { get; init; }

    /// <summary>Users that may do everything; no rule applies to them.</summary>
    public IReadOnlySet<string> AdminUsers { get; init; } = new HashSet<string>();

    /// <summary>The rules, in order.</summary>
    public IReadOnlyList<AccessRule> Rules { get; init; } = [];

    /// <summary>True if the user is one of <see cref="AdminUsers"/>; false for a caller without credentials.</summary>
    public bool IsAdmin(string? user) => user is not null && AdminUsers.Contains(user);

    /// <summary>Actions that a user may perform on a repository: <see cref="Decide"/> without the reason. Allocates nothing, since every request calls it.</summary>
    public RepositoryActions ActionsFor(string? user, RepositoryName repository, bool isOpen)
    {
        if (IsAdmin(user))
        {
            return RepositoryActions.All;
        }

        var first = FindFirst(user, repository);
        return first >= 0 ? Rules[first].Permissions : AllowsWithoutRule(user, isOpen) ? RepositoryActions.All : RepositoryActions.None;
    }

    /// <summary>Decides which actions a user may perform on a repository, with the reason.</summary>
    /// <param name="user">The user; null for a caller without credentials.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="isOpen">True without any authentication: the default then holds for callers without credentials, too.</param>
    public AccessDecision Decide(string? user, RepositoryName repository, bool isOpen)
    {
        if (IsAdmin(user))
        {
            return new AccessDecision(RepositoryActions.All, $"'{user}' is one of adminUsers");
        }

        var first = FindFirst(user, repository);
        if (first >= 0)
        {
            var rule = Rules[first];
            return new AccessDecision(
                rule.Permissions,
                $"rule {first + 1} (line {rule.Line}: \"{rule.Repository}\" for {string.Join(", ", rule.Users)}) is the first that matches");
        }

        return AllowsWithoutRule(user, isOpen)
            ? new AccessDecision(RepositoryActions.All, "no rule matches, and defaultPolicy is \"allow\"")
            : new AccessDecision(
                RepositoryActions.None,
                AllowsByDefault
                    ? "no rule matches, and defaultPolicy \"allow\" is for authenticated users, unless REGISTRY_AUTH_TYPE is none"
                    : "no rule matches, and defaultPolicy is \"deny\"");
    }

    /// <summary>
    /// Ranges of the repositories that a user may pull from, in order and without overlap. The user may pull nothing outside of them; each name
    /// inside still needs a check.
    /// </summary>
    /// <param name="user">The user; null for a caller without credentials.</param>
    /// <param name="isOpen">True without any authentication.</param>
    public IReadOnlyList<RepositoryRange> PullRanges(string? user, bool isOpen)
    {
        if (IsAdmin(user))
        {
            return [RepositoryRange.All];
        }

        // A rule that denies only some names of its range is left out: its names are checked one by one.
        var rules = Rules.Where(rule => rule.AppliesTo(user) && (AllowsPull(rule) || rule.Repository.CoversRange)).ToList();
        var bounds = rules
            .SelectMany((rule, i) => new[] { (At: rule.Repository.Range.Start, Rule: i), (At: rule.Repository.Range.End, Rule: i) })
            .OrderBy(bound => bound.At, StringComparer.Ordinal)
            .Append((At: RepositoryRange.All.End, Rule: -1));
        var ranges = new List<RepositoryRange>();
        var inside = new SortedSet<int>();
        var start = RepositoryRange.All.Start;
        foreach (var (at, rule) in bounds)
        {
            var part = new RepositoryRange(start, at);
            if (!part.IsEmpty && (inside.Count > 0 ? AllowsPull(rules[inside.Min]) : AllowsWithoutRule(user, isOpen)))
            {
                ranges.Add(part);
            }

            start = at;
            if (!inside.Remove(rule))
            {
                inside.Add(rule);
            }
        }

        return ranges;
    }

    private int FindFirst(string? user, RepositoryName repository)
    {
        for (var i = 0; i < Rules.Count; i++)
        {
            if (Rules[i].Repository.Matches(repository) && Rules[i].AppliesTo(user))
            {
                return i;
            }
        }

        return -1;
    }

    // A default that was written for users must not open the registry to callers without credentials.
    private bool AllowsWithoutRule(string? user, bool isOpen) => AllowsByDefault && (user is not null || isOpen);

    private static bool AllowsPull(AccessRule rule) => rule.Permissions.HasFlag(RepositoryActions.Pull);
}
