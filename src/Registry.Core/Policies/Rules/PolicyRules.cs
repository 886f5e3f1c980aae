using Registry.Core.Oci;

namespace Registry.Core.Policies.Rules;

/// <summary>Rules of the operator about repositories (<c>REGISTRY_POLICY_CONFIG</c>). Every rule that matches a repository holds, whatever its place.</summary>
/// <param name="Rules">The rules, in the order of the file.</param>
public sealed record PolicyRules(IReadOnlyList<PolicyRule> Rules)
{
    /// <summary>No rules.</summary>
    public static PolicyRules None { get; } = new([]);

    /// <summary>Finds the rules of a repository, in the order of the file.</summary>
    public IEnumerable<PolicyRule> Of(RepositoryName repository) => Rules.Where(rule => rule.Repository.Matches(repository));
}
