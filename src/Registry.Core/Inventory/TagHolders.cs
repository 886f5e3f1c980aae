using Registry.Core.Oci;

namespace Registry.Core.Inventory;

/// <summary>Repositories that have a tag.</summary>
/// <param name="Items">The repositories, the one that was pushed to last first, each with its first such tag.</param>
/// <param name="HasMore">True if more repositories have one.</param>
/// <param name="IsWhole">True if all repositories were searched; else those that were pushed to last.</param>
public sealed record TagHolders(IReadOnlyList<(RepositoryName Repository, Tag Tag)> Items, bool HasMore, bool IsWhole);
