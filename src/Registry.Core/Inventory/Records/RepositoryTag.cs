namespace Registry.Core.Inventory.Records;

/// <summary>A tag of a repository.</summary>
/// <param name="Id">Id of the repository in the metadata.</param>
/// <param name="Tag">The tag.</param>
public readonly record struct RepositoryTag(long Id, string Tag);
