using Registry.Core.Policies.Rules;
using Registry.Core.Signatures;

namespace Registry.Core.Policies.Explanation;

/// <summary>A rule of a repository, and what it counts and finds there now.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Used">Bytes that its repositories refer to; null without a quota, and in a mirrored repository.</param>
/// <param name="Signatures">What it says of the image; null if it requires no signature, and without an image.</param>
public sealed record ExplainedRule(PolicyRule Rule, long? Used, SignatureVerdict? Signatures);
