using Registry.Core.Oci;

namespace Registry.Core.Pulls;

/// <summary>The last pull of a manifest by a client.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Digest">The manifest.</param>
/// <param name="Time">The wall clock, to the second or coarser.</param>
public readonly record struct ManifestPull(RepositoryName Repository, Digest Digest, DateTimeOffset Time);
