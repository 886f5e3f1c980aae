using Registry.Core.Access.Rules;

namespace Registry.Core.Policies.Rules;

/// <summary>A rule of the policy file. It says at least one thing; what it does not say is null.</summary>
/// <param name="Repository">Pattern of the repositories that the rule is for.</param>
/// <param name="Number">Place of the rule in the file, from 1.</param>
/// <param name="Line">Line of the rule in the file, from 1.</param>
public sealed record PolicyRule(RepositoryPattern Repository, int Number, int Line)
{
    /// <summary>Tags that never get another digest.</summary>
    public ImmutableTagsRule? ImmutableTags { get; init; }

    /// <summary>Tags that a retention keeps; it deletes the other tags of the repository.</summary>
    public KeepRule? Keep { get; init; }

    /// <summary>What else a retention deletes.</summary>
    public DeleteRule? Delete { get; init; }

    /// <summary>True if the rule is about retention.</summary>
    public bool IsAboutRetention => Keep is not null || Delete is not null;

    /// <summary>Limit of the bytes that all repositories of the rule refer to.</summary>
    public QuotaRule? Quota { get; init; }

    /// <summary>Signatures without which an image is not served.</summary>
    public SignatureRule? RequireSignature { get; init; }

    /// <summary>Names the rule in messages: <c>rule 2 (line 5: "prod/**")</c>.</summary>
    public override string ToString() => $"rule {Number} (line {Line}: \"{Repository}\")";
}
