namespace Registry.Core.Space;

/// <summary>Space of a repository with its name.</summary>
/// <param name="Name">The name.</param>
/// <param name="Space">The space.</param>
public readonly record struct NamedSpace(string Name, RepositorySpace Space);
