using System.Globalization;
using Registry.Core.Configuration;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Policies.Retention;

/// <summary>The rules about retention of a repository, all of which keep: what one of them keeps stays.</summary>
internal sealed class RetentionRules
{
    private readonly IReadOnlyList<PolicyRule> _keeping;
    private readonly PolicyRule? _untagged;

    private RetentionRules(IReadOnlyList<PolicyRule> rules)
    {
        _keeping = [.. rules.Where(rule => rule.Keep is not null)];
        _untagged = rules.Where(rule => rule.Delete is not null).MaxBy(rule => rule.Delete!.UntaggedAfter);
        LongestPull = _keeping.Max(rule => rule.Keep!.PulledWithin);
        NotKept = _keeping.Count == 0 ? null : $"not kept by {string.Join(", nor by ", _keeping.Select(rule => $"{rule}: {Describe(rule.Keep!)}"))}";
    }

    /// <summary>Rules that say which tags are kept.</summary>
    public IReadOnlyList<PolicyRule> Keeping => _keeping;

    /// <summary>Longest time since a pull for which something is kept; null if pulls do not matter.</summary>
    public TimeSpan? LongestPull { get; }

    /// <summary>Reason for the deletion of a tag that no rule keeps; null if all tags are kept.</summary>
    public string? NotKept { get; }

    /// <summary>Finds the rules of a repository; null if none of them is about retention.</summary>
    public static RetentionRules? Find(PolicyRules rules, RepositoryName repository)
    {
        IReadOnlyList<PolicyRule> found = [.. rules.Of(repository).Where(rule => rule.IsAboutRetention)];
        return found.Count == 0 ? null : new RetentionRules(found);
    }

    /// <summary>Finds the reason why a tag is kept; null if no rule keeps it.</summary>
    /// <param name="tag">The tag.</param>
    /// <param name="place">Its place among the tags of the repository, from 0 for the newest one.</param>
    /// <param name="use">Last use of its manifest.</param>
    /// <param name="situation">The time, and since when pulls are recorded.</param>
    public string? FindKeep(RetainedTag tag, int place, LastUse use, RetentionSituation situation)
    {
        if (_keeping.Count == 0)
        {
            return "no rule says which tags of the repository are kept";
        }

        foreach (var rule in _keeping)
        {
            var keep = rule.Keep!;
            if (keep.Newest is { } newest && place < newest)
            {
                return $"among the newest {newest} of {rule}";
            }

            if (keep.Tagged.FirstOrDefault(pattern => pattern.Matches(tag.Name)) is { } pattern)
            {
                return $"tagged {pattern} of {rule}";
            }

            if (FindPull(rule, use.PushedAt > tag.PushedAt ? use : use with { PushedAt = tag.PushedAt }, situation) is { } used)
            {
                return used;
            }
        }

        return null;
    }

    /// <summary>Finds the reason why a manifest is kept that has no tag, and that nothing holds; null if it is deleted.</summary>
    public string? FindKeep(RetainedManifest manifest, LastUse use, RetentionSituation situation)
    {
        if (_untagged is not { Delete.UntaggedAfter: var after })
        {
            return "no rule deletes untagged manifests of the repository";
        }

        if (manifest.Idle is not { } idle)
        {
            return "held by what is in the trash, or until a moment ago";
        }

        if (idle < after || situation.Now - manifest.PushedAt < after)
        {
            return $"untagged for less than {Duration.Write(after)} of {_untagged}";
        }

        return idle < situation.Grace ? "needed or asked for within REGISTRY_GC_GRACE" : FindPull(use, situation);
    }

    /// <summary>Finds the reason why something is kept for its last pull, or its last push, which counts as one: no client can have pulled before. Null if there is none.</summary>
    public string? FindPull(LastUse use, RetentionSituation situation) =>
        _keeping.Select(rule => FindPull(rule, use, situation)).FirstOrDefault(reason => reason is not null);

    /// <summary>Time for which a manifest that is deleted has no tag.</summary>
    public TimeSpan UntaggedAfter => _untagged!.Delete!.UntaggedAfter;

    /// <summary>Reason for the deletion of an untagged manifest that nothing keeps.</summary>
    public string Untagged => $"untagged for {Duration.Write(UntaggedAfter)} of {_untagged}";

    private static string? FindPull(PolicyRule rule, LastUse use, RetentionSituation situation)
    {
        if (rule.Keep!.PulledWithin is not { } period)
        {
            return null;
        }

        var since = situation.Now - period;
        var within = $"within {Duration.Write(period)} of {rule}";
        return use.PulledAt is { } pulled && pulled > since ? $"{(use.PulledBy is { } by ? $"its part {by} was pulled" : "pulled")} {Write(pulled)}, {within}"
            : use.PushedAt > since ? $"pushed {Write(use.PushedAt)}, {within}"
            : situation.RecordedSince is not { } recorded ? $"pulls are not recorded yet, and {rule} keeps what was pulled within {Duration.Write(period)}"
            : recorded > since ? $"pulls are recorded since {Write(recorded)} only, and {rule} keeps what was pulled within {Duration.Write(period)}"
            : null;
    }

    private static string Describe(KeepRule keep) => string.Join(", ", new[]
    {
        keep.Newest is { } newest ? $"newest {newest}" : null,
        keep.Tagged.Count > 0 ? $"tagged {string.Join(' ', keep.Tagged)}" : null,
        keep.PulledWithin is { } period ? $"pulled within {Duration.Write(period)}" : null,
    }.OfType<string>());

    private static string Write(DateTimeOffset time) => string.Create(CultureInfo.InvariantCulture, $"{time.UtcDateTime:yyyy-MM-dd HH:mm} UTC");
}
