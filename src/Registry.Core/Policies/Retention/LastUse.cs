using Registry.Core.Oci;

namespace Registry.Core.Policies.Retention;

/// <summary>Last use of a manifest.</summary>
/// <param name="PushedAt">Its last push.</param>
/// <param name="PulledAt">Its last recorded pull, or that of what it holds; null if there is none.</param>
/// <param name="PulledBy">The platform, signature or other part of it that was pulled then; null for itself.</param>
internal readonly record struct LastUse(DateTimeOffset PushedAt, DateTimeOffset? PulledAt, Digest? PulledBy);
