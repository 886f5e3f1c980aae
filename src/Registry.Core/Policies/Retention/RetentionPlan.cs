using Registry.Core.Policies.Rules;

namespace Registry.Core.Policies.Retention;

/// <summary>Decisions of a retention about a repository.</summary>
/// <param name="Decisions">All of them: about each tag, and about each manifest without a tag.</param>
/// <param name="Steps">The deletions, in their order: an index and a subject before what they hold. What only they hold goes with them.</param>
/// <param name="Counts">Numbers of tags of each rule that says which ones are kept. Tags of signatures do not count.</param>
public sealed record RetentionPlan(
    IReadOnlyList<RetentionDecision> Decisions, IReadOnlyList<RetentionStep> Steps, IReadOnlyDictionary<PolicyRule, RetentionCount> Counts);
