namespace Registry.Storage.Files.Tree;

/// <summary>Progress of indexing.</summary>
/// <param name="Repositories">Number of indexed repositories.</param>
/// <param name="Manifests">Number of their manifests.</param>
/// <param name="AllRepositories">Number of all repositories.</param>
public readonly record struct IndexingProgress(int Repositories, int Manifests, int AllRepositories);
