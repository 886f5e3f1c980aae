namespace Registry.Core.Policies.Rules;

/// <summary>Tags that a retention keeps (<c>keep</c>): a tag for which one of these holds. At least one is set.</summary>
/// <param name="Newest">Number of the newest tags of each repository that are kept, from 0; null for none by their age.</param>
/// <param name="Tagged">Patterns of tags that are kept; may be empty.</param>
/// <param name="PulledWithin">Time since its last pull for which a tag is kept; null for none by their pulls.</param>
public sealed record KeepRule(int? Newest, IReadOnlyList<TagPattern> Tagged, TimeSpan? PulledWithin);
