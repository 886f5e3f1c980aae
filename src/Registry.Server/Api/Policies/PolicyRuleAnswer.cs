using System.Text.Json.Serialization;
using Registry.Core.Oci;
using Registry.Core.Policies.Explanation;
using Registry.Core.Policies.Rules;

namespace Registry.Server.Api.Policies;

/// <summary>A rule that matches the repository, and what it says there.</summary>
internal sealed record PolicyRuleAnswer
{
    /// <summary>Its place in the file, from 1.</summary>
    public required int Rule { get; init; }

    /// <summary>Its line in the file, from 1.</summary>
    public required int Line { get; init; }

    /// <summary>Its pattern of repositories.</summary>
    public required string Repository { get; init; }

    /// <summary>What it says about the repository, the tag or the image, as clauses for people.</summary>
    public required IReadOnlyList<string> Says { get; init; }

    /// <summary>True if the tag never gets another digest by this rule; null without a tag.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Immutable { get; init; }

    /// <summary>Use of its quota; null without one, in a mirrored repository, and from the file alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public QuotaUseAnswer? Quota { get; init; }

    /// <summary>Its verdict about the image; null if it requires no signature, without an image, and from the file alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SignatureVerdictAnswer? Signature { get; init; }

    public static PolicyRuleAnswer Of(PolicyExplanation explanation, ExplainedRule explained)
    {
        var shown = explained.Signatures is { } verdict ? SignatureVerdictAnswer.Show(verdict) : [];
        return Of(explained.Rule, explanation.Image.Reference?.Tag, [.. PolicyWords.Of(explanation, explained, shown)], explanation.IsMirrored) with
        {
            Quota = explained.Used is { } used ? new QuotaUseAnswer(explained.Rule.Quota!.Bytes, used) : null,
            Signature = explained.Signatures is { } signatures ? SignatureVerdictAnswer.Of(signatures, shown) : null,
        };
    }

    public static PolicyRuleAnswer Of(PolicyRule rule, Tag? tag) => Of(rule, tag, [.. PolicyWords.Of(rule, tag)], isMirrored: false);

    private static PolicyRuleAnswer Of(PolicyRule rule, Tag? tag, IReadOnlyList<string> says, bool isMirrored) => new()
    {
        Rule = rule.Number,
        Line = rule.Line,
        Repository = rule.Repository.Text,
        Says = says,
        Immutable = tag is { } one ? !isMirrored && rule.ImmutableTags?.Covers(one) is true : null,
    };
}
