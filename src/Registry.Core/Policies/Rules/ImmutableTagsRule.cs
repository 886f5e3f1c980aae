using Registry.Core.Oci;

namespace Registry.Core.Policies.Rules;

/// <summary>Immutable tags of a rule (<c>immutableTags</c>, <c>except</c>).</summary>
/// <param name="Tags">Patterns of the tags that never get another digest; at least one.</param>
/// <param name="Except">Patterns of tags among these that may.</param>
public sealed record ImmutableTagsRule(IReadOnlyList<TagPattern> Tags, IReadOnlyList<TagPattern> Except)
{
    /// <summary>
    /// True if a tag is immutable by this rule. Tags of signatures and the like never are: they get another digest with each signature that is added.
    /// </summary>
    public bool Covers(Tag tag) => Tags.Any(pattern => pattern.Matches(tag)) && !Except.Any(pattern => pattern.Matches(tag)) && !AttachedTag.Is(tag);
}
