using Registry.Core.Oci;

namespace Registry.Mirror.Images;

/// <summary>A tag of a mirrored repository before and after a check.</summary>
/// <param name="Was">What it was; null if it was not here.</param>
/// <param name="Is">What it is; null if the upstream has it no more.</param>
/// <param name="Stale">Reason for which it may be old: the upstream did not tell; null if it did.</param>
public sealed record CheckedTag(Digest? Was, Digest? Is, string? Stale);
