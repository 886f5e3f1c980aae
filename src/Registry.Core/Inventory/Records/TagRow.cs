namespace Registry.Core.Inventory.Records;

/// <summary>Record of a tag.</summary>
/// <param name="Name">The tag.</param>
/// <param name="ManifestId">Id of its manifest in the metadata.</param>
/// <param name="SetAt">Time at which it was set to the manifest, as Unix time in milliseconds; 0 if it is unknown.</param>
/// <param name="SetBy">User who has set it; null for an anonymous one, and if the change is not recorded any more.</param>
public readonly record struct TagRow(string Name, long ManifestId, long SetAt, string? SetBy);
