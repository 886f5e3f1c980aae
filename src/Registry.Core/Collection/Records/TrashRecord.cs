using Registry.Core.Oci;

namespace Registry.Core.Collection.Records;

/// <summary>A manifest in the trash whose time is over.</summary>
/// <param name="Repository">Its repository.</param>
/// <param name="Digest">The manifest.</param>
public sealed record TrashRecord(RepositoryName Repository, Digest Digest);
