namespace Registry.Core.Policies.Rules;

/// <summary>Quota of a rule (<c>quota</c>).</summary>
/// <param name="Bytes">Bytes that the repositories of the rule may refer to together, each digest once a repository; at least 1.</param>
public sealed record QuotaRule(long Bytes);
