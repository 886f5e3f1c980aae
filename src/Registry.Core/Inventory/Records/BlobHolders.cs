namespace Registry.Core.Inventory.Records;

/// <summary>Repositories that have a blob.</summary>
/// <param name="Items">The repositories, by name, with the blob of each.</param>
/// <param name="HasMore">True if more repositories have one.</param>
/// <param name="IsWhole">True if all repositories were searched; else those that were pushed to last.</param>
public sealed record BlobHolders(IReadOnlyList<DigestRow> Items, bool HasMore, bool IsWhole);
