namespace Registry.Core.Space;

/// <summary>Content that a repository holds.</summary>
/// <param name="ContentId">Id of the content.</param>
/// <param name="RepositoryId">Id of the repository, 1 or more.</param>
/// <param name="IsLive">True if a manifest of the repository holds it, or it is one; false if only its trash does.</param>
public readonly record struct Holding(long ContentId, long RepositoryId, bool IsLive);
