using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Policies;

/// <summary>Bytes that the repositories of a rule with a quota are about to refer to.</summary>
/// <param name="Repository">Repository that the change is made in, or its new name.</param>
/// <param name="Rule">The rule, which has a quota.</param>
/// <param name="Used">Bytes that its repositories refer to without the change, each digest once a repository.</param>
/// <param name="Asked">Bytes that the change adds.</param>
public readonly record struct QuotaChange(RepositoryName Repository, PolicyRule Rule, long Used, long Asked);
