namespace Registry.Core.Maintenance;

/// <summary>How far indexing is.</summary>
/// <param name="Repositories">How many repositories are indexed.</param>
/// <param name="Manifests">How many manifests they have.</param>
/// <param name="AllRepositories">How many repositories there are.</param>
public readonly record struct IndexingProgress(int Repositories, int Manifests, int AllRepositories);
