using Registry.Core.Configuration;
using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Policies.Rules;

/// <summary>What rules say, in words.</summary>
public static class PolicyWords
{
    /// <summary>Lists what a rule says about a repository that it matches, or about one of its tags; empty if that is nothing.</summary>
    public static IReadOnlyList<string> Of(PolicyRule rule, Tag? tag)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return [.. List(rule, tag)];
    }

    private static IEnumerable<string> List(PolicyRule rule, Tag? tag)
    {
        if (rule.ImmutableTags is { } immutable)
        {
            if (tag is not { } one)
            {
                yield return $"tags {Patterns(immutable.Tags)} are immutable{(immutable.Except.Count == 0 ? "" : $", except {Patterns(immutable.Except)}")}";
            }
            else if (AttachedTag.Is(one))
            {
                yield return "the tag may move, as all tags of signatures and the like";
            }
            else
            {
                yield return immutable.Covers(one) ? "the tag is immutable" : "the tag may move";
            }
        }

        if (rule.Keep is { } keep)
        {
            string?[] kept =
            [
                keep.Newest is { } newest ? $"the newest {newest}" : null,
                keep.Tagged.Count > 0 ? Patterns(keep.Tagged) : null,
                keep.PulledWithin is { } time ? $"those pulled within {Duration.Write(time)}" : null,
            ];
            yield return $"a retention keeps of the tags {string.Join(", ", kept.Where(part => part is not null))}, and deletes the others";
        }

        if (rule.Delete is { } delete)
        {
            yield return $"a retention deletes what has had no tag for {Duration.Write(delete.UntaggedAfter)}";
        }

        if (rule.Quota is { } quota)
        {
            yield return $"its repositories may refer to {ByteSize.Write(quota.Bytes)} together";
        }

        if (rule.RequireSignature is { } signature)
        {
            yield return $"a pull needs a signature by {(signature.Keys.Count == 1 ? "" : "one of ")}{string.Join(", ", signature.Keys.Select(key => key.Path))}"
                + (signature.Except.Count == 0 ? "" : $", except by {Count.Of(signature.Except.Count, "user")}: {string.Join(", ", signature.Except)}");
        }
    }

    private static string Patterns(IReadOnlyList<TagPattern> patterns) => string.Join(", ", patterns.Select(pattern => $"\"{pattern}\""));
}
