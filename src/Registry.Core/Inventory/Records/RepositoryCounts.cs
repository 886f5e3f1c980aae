namespace Registry.Core.Inventory.Records;

/// <summary>Numbers of what a repository has, counted up to a limit.</summary>
/// <param name="Id">Id of the repository in the metadata.</param>
/// <param name="Tags">Number of its tags.</param>
/// <param name="Manifests">Number of its manifests.</param>
public readonly record struct RepositoryCounts(long Id, long Tags, long Manifests);
