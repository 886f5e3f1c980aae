using Registry.Core.Changes;

namespace Registry.Core.Policies.Retention;

/// <summary>What a retention knows besides the content of a repository.</summary>
/// <param name="Now">The wall clock.</param>
/// <param name="RecordedSince">Begin of the record of pulls; null if they are not recorded.</param>
/// <param name="Grace">Running time for which clients may rely on what nothing holds.</param>
/// <param name="ChangeRules">Rules that may refuse a deletion.</param>
/// <param name="Origin">Origin of the deletions.</param>
public sealed record RetentionSituation(DateTimeOffset Now, DateTimeOffset? RecordedSince, TimeSpan Grace, IChangeRules ChangeRules, ChangeOrigin Origin);
