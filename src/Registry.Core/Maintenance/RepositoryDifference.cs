using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Maintenance;

/// <summary>A repository of which the tree says something else than the metadata.</summary>
/// <param name="Repository">Its name.</param>
/// <param name="Recorded">What the metadata says.</param>
/// <param name="Found">What the tree says; null when it cannot be read.</param>
/// <param name="Failure">Why the tree cannot be read; null when it can.</param>
public sealed record RepositoryDifference(RepositoryName Repository, RepositoryContents Recorded, RepositoryContents? Found, string? Failure = null);
