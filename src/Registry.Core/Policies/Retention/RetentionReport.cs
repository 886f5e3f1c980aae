using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Policies.Retention;

/// <summary>Decisions of a retention, or what a run has done. The lists end at a limit, the numbers do not.</summary>
public sealed class RetentionReport
{
    private readonly int _limit;
    private readonly Dictionary<PolicyRule, RetentionCount> _counts = [];
    private readonly List<RetentionDecision> _deleted = [];
    private readonly List<RetentionDecision> _kept = [];
    private readonly List<RetentionDecision> _left = [];
    private readonly List<RepositoryName> _tooLarge = [];

    /// <param name="limit">Length of each list at most.</param>
    internal RetentionReport(int limit) => _limit = limit;

    /// <summary>Tags, and manifests without a tag, that are deleted, or would be.</summary>
    public IReadOnlyList<RetentionDecision> Deleted => _deleted;

    /// <summary>Tags, and manifests without a tag, that are kept.</summary>
    public IReadOnlyList<RetentionDecision> Kept => _kept;

    /// <summary>What a run was to delete and has left, each with the reason.</summary>
    public IReadOnlyList<RetentionDecision> Left => _left;

    /// <summary>Repositories with too much for a retention.</summary>
    public IReadOnlyList<RepositoryName> TooLarge => _tooLarge;

    /// <summary>Number of repositories with rules about retention.</summary>
    public long Repositories { get; private set; }

    /// <summary>Number of all tags that are deleted.</summary>
    public long DeletedTags { get; private set; }

    /// <summary>Number of all manifests without a tag that are deleted.</summary>
    public long DeletedManifests { get; private set; }

    /// <summary>Number of all tags and manifests without a tag that are kept.</summary>
    public long AllKept { get; private set; }

    /// <summary>Number of all that a run has left.</summary>
    public long AllLeft { get; private set; }

    /// <summary>The rules of which more would go than is plausible, with their numbers.</summary>
    public IReadOnlyList<KeyValuePair<PolicyRule, RetentionCount>> Implausible => [.. _counts.Where(count => count.Value.IsImplausible).OrderBy(count => count.Key.Number)];

    /// <summary>True if a run has deleted nothing, since a person must confirm it.</summary>
    public bool IsRefused { get; internal set; }

    internal void AddTooLarge(RepositoryName repository) => _tooLarge.Add(repository);

    internal void AddRepository() => Repositories++;

    internal void Add(RetentionDecision decision)
    {
        if (decision.IsKept)
        {
            AllKept++;
            AddTo(_kept, decision);
            return;
        }

        _ = decision.Tag is null ? DeletedManifests++ : DeletedTags++;
        AddTo(_deleted, decision);
    }

    internal void AddLeft(RetentionDecision decision)
    {
        AllLeft++;
        AddTo(_left, decision);
    }

    internal void Add(IReadOnlyDictionary<PolicyRule, RetentionCount> counts)
    {
        foreach (var (rule, count) in counts)
        {
            _counts[rule] = _counts.GetValueOrDefault(rule) + count;
        }
    }

    private void AddTo(List<RetentionDecision> list, RetentionDecision decision)
    {
        if (list.Count < _limit)
        {
            list.Add(decision);
        }
    }
}
