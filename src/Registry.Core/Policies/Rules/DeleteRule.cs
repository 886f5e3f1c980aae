namespace Registry.Core.Policies.Rules;

/// <summary>What a retention deletes besides tags (<c>delete</c>).</summary>
/// <param name="UntaggedAfter">Time after which a manifest goes that has no tag and that nothing kept needs.</param>
public sealed record DeleteRule(TimeSpan UntaggedAfter);
