using Registry.Core.Indexing;
using Registry.Core.Oci;

namespace Registry.Storage.Files.Tree;

/// <summary>A repository in which the tree and the metadata differ.</summary>
/// <param name="Repository">Name of the repository.</param>
/// <param name="Recorded">Contents in the metadata.</param>
/// <param name="Found">Contents in the tree; null if it cannot be read.</param>
/// <param name="Failure">Reason why the tree cannot be read; null if it can.</param>
public sealed record RepositoryDifference(RepositoryName Repository, RepositoryContents Recorded, RepositoryContents? Found, string? Failure = null);
