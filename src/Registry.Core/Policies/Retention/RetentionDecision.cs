using Registry.Core.Oci;

namespace Registry.Core.Policies.Retention;

/// <summary>Decision of a retention about a tag, or about a manifest without a tag.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Tag">The tag; null for a manifest without one.</param>
/// <param name="Digest">The manifest.</param>
/// <param name="IsKept">True if it is kept; false if it is deleted.</param>
/// <param name="Reason">Why: a clause for people.</param>
public sealed record RetentionDecision(RepositoryName Repository, Tag? Tag, Digest Digest, bool IsKept, string Reason);
