namespace Registry.Core.Policies.Rules;

/// <summary>Required signatures of a rule (<c>requireSignature</c>).</summary>
/// <param name="Keys">Public keys of which one must have signed (<c>cosign</c>); at least one.</param>
/// <param name="Except">Users who may pull without a signature.</param>
public sealed record SignatureRule(IReadOnlyList<SigningKey> Keys, IReadOnlyList<string> Except);
