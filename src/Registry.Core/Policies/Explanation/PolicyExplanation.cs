using Registry.Core.Oci;

namespace Registry.Core.Policies.Explanation;

/// <summary>What the rules in force say about a repository, a tag or an image, with the facts that they decide by.</summary>
/// <param name="Image">What was asked about.</param>
/// <param name="IsMirrored">True if the repository is mirrored: of its rules, only those about signatures hold.</param>
/// <param name="Digest">The image; null for a repository, and if the repository does not have it.</param>
/// <param name="Kept">What a tag was when it went, if it is not there now and is immutable; null otherwise.</param>
/// <param name="Rules">The rules that match the repository, in the order of the file.</param>
public sealed record PolicyExplanation(ImageReference Image, bool IsMirrored, Digest? Digest, Digest? Kept, IReadOnlyList<ExplainedRule> Rules);
