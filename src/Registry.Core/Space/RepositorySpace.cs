namespace Registry.Core.Space;

/// <summary>Space of a repository, in bytes.</summary>
/// <param name="RepositoryId">Id of the repository in the metadata.</param>
/// <param name="Referred">Size of its manifests and of the blobs that they need, each counted once.</param>
/// <param name="Unique">The part of <paramref name="Referred"/> that no other repository holds: without this repository, it would be free.</param>
/// <param name="Trash">Size of what only its trash holds.</param>
public readonly record struct RepositorySpace(long RepositoryId, long Referred, long Unique, long Trash);
