using Registry.Core.Oci;

namespace Registry.Core.Policies.Rules;

/// <summary>Rules of the operator about repositories (<c>REGISTRY_POLICY_CONFIG</c>). Every rule that matches a repository holds, whatever its place.</summary>
/// <param name="Rules">The rules, in the order of the file.</param>
public sealed record PolicyRules(IReadOnlyList<PolicyRule> Rules)
{
    /// <summary>No rules.</summary>
    public static PolicyRules None { get; } = new([]);

    /// <summary>Finds the first rule by which a tag is immutable; null if none is.</summary>
    public PolicyRule? FindImmutable(RepositoryName repository, Tag tag) =>
        Rules.FirstOrDefault(rule => rule.ImmutableTags is { } tags && rule.Repository.Matches(repository) && tags.Covers(tag));

    /// <summary>Finds the rules with a quota of a repository, in the order of the file.</summary>
    public IReadOnlyList<PolicyRule> FindQuotas(RepositoryName repository) => [.. Of(repository).Where(rule => rule.Quota is not null)];

    /// <summary>Finds the rules of a repository, in the order of the file.</summary>
    public IEnumerable<PolicyRule> Of(RepositoryName repository) => Rules.Where(rule => rule.Repository.Matches(repository));
}
