using Registry.Core.Configuration;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies.Explanation;
using Registry.Core.Policies.Rules;
using Registry.Core.Signatures;

namespace Registry.Server.Api.Policies;

/// <summary>What rules say, in words.</summary>
internal static class PolicyWords
{
    /// <summary>Lists what a rule says about a repository that it matches, or about one of its tags, as far as the file tells.</summary>
    public static IEnumerable<string> Of(PolicyRule rule, Tag? tag) => Of(rule, tag, state: null, used: null, verdict: null, shown: []);

    /// <summary>Lists what a rule says about a repository, a tag or an image, with what it counts and finds there now.</summary>
    /// <param name="explanation">The explanation.</param>
    /// <param name="explained">One of its rules.</param>
    /// <param name="shown">The signatures that are told one by one.</param>
    public static IEnumerable<string> Of(PolicyExplanation explanation, ExplainedRule explained, IReadOnlyList<SeenSignature> shown)
    {
        var (rule, tag) = (explained.Rule, explanation.Image.Reference?.Tag);
        if (!explanation.IsMirrored)
        {
            return Of(rule, tag, StateOf(explanation), explained.Used, explained.Signatures, shown);
        }

        var aboutSignatures = rule with { ImmutableTags = null, Keep = null, Delete = null, Quota = null };
        var says = Of(aboutSignatures, tag, state: null, used: null, explained.Signatures, shown);
        return rule == aboutSignatures ? says : says.Prepend("the repository is mirrored: its tags and images are those of its upstream");
    }

    private static string StateOf(PolicyExplanation explanation) =>
        explanation.Digest is { } digest ? $"it is {digest}, and gets no other digest"
        : explanation.Kept is { } kept ? $"it was {kept} when it went, and gets no other digest"
        : "it is not set yet, and gets no other digest from then on";

    private static IEnumerable<string> Of(PolicyRule rule, Tag? tag, string? state, long? used, SignatureVerdict? verdict, IReadOnlyList<SeenSignature> shown)
    {
        if (rule.ImmutableTags is { } immutable)
        {
            yield return Of(immutable, tag, state);
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
            yield return $"its repositories may refer to {ByteSize.Write(quota.Bytes)} together{(used is { } bytes ? $", of which {ByteSize.Describe(bytes)} are used" : "")}";
        }

        if (rule.RequireSignature is { } signature)
        {
            yield return $"a pull needs a signature by {(signature.Keys.Count == 1 ? "" : "one of ")}{string.Join(", ", signature.Keys.Select(key => key.Path))}"
                + (signature.Except.Count == 0 ? "" : $", except by {Count.Of(signature.Except.Count, "user")}: {string.Join(", ", signature.Except)}");
            foreach (var clause in verdict is null ? [] : Of(verdict, shown))
            {
                yield return clause;
            }
        }
    }

    private static string Of(ImmutableTagsRule immutable, Tag? tag, string? state) => tag is not { } one
        ? $"tags {Patterns(immutable.Tags)} are immutable{(immutable.Except.Count == 0 ? "" : $", except {Patterns(immutable.Except)}")}"
        : AttachedTag.Is(one) ? "the tag may move, as all tags of signatures and the like"
        : !immutable.Covers(one) ? "the tag may move"
        : state is null ? "the tag is immutable"
        : $"the tag is immutable: {state}";

    private static IEnumerable<string> Of(SignatureVerdict verdict, IReadOnlyList<SeenSignature> shown)
    {
        yield return verdict.NeedsNone ? "it is a signature or attestation, and needs none"
            : verdict.IsSigned ? $"the image is signed by {verdict.Signatures[^1].Key?.Path}"
            : $"the image is not signed, so a user who may only pull does not get it: {(verdict.Signatures.Count == 0 ? "it has no signatures" : "none of its signatures counts")}";
        foreach (var signature in shown)
        {
            yield return $"the signature {signature.Manifest}{(signature.Tag is { } tag ? $" under the tag {tag}" : "")} {(signature.Fault is null ? "counts" : $"does not count: {signature.Fault}")}";
        }

        if (verdict.Signatures.Count - shown.Count is var more and > 0)
        {
            yield return $"{Count.Of(more, "further signature")} {(more == 1 ? "does" : "do")} not count";
        }
    }

    private static string Patterns(IReadOnlyList<TagPattern> patterns) => string.Join(", ", patterns.Select(pattern => $"\"{pattern}\""));
}
