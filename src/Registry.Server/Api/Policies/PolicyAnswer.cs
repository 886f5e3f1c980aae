using System.Text.Json.Serialization;
using Registry.Core.Oci;
using Registry.Core.Policies.Explanation;
using Registry.Core.Policies.Rules;

namespace Registry.Server.Api.Policies;

/// <summary>What the rules about repositories say about a repository, a tag or an image.</summary>
internal sealed record PolicyAnswer
{
    /// <summary>What was asked about.</summary>
    public required string Image { get; init; }

    /// <summary>Digest of the image; null for a repository, if the repository does not have it, and from the file alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Digest { get; init; }

    /// <summary>The rules that match the repository, in the order of the file.</summary>
    public required IReadOnlyList<PolicyRuleAnswer> Rules { get; init; }

    /// <summary>The answer of a running registry.</summary>
    public static PolicyAnswer Of(PolicyExplanation explanation) => new()
    {
        Image = explanation.Image.ToString(),
        Digest = explanation.Digest?.Value,
        Rules = [.. explanation.Rules.Select(rule => PolicyRuleAnswer.Of(explanation, rule))],
    };

    /// <summary>The answer of the file alone.</summary>
    public static PolicyAnswer Of(ImageReference image, PolicyRules rules) => new()
    {
        Image = image.ToString(),
        Rules = [.. rules.Of(image.Repository).Select(rule => PolicyRuleAnswer.Of(rule, image.Reference?.Tag))],
    };
}
