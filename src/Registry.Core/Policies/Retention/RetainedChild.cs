namespace Registry.Core.Policies.Retention;

/// <summary>A manifest that an index lists.</summary>
/// <param name="IndexId">Id of the index in the metadata.</param>
/// <param name="ManifestId">Id of the manifest.</param>
public readonly record struct RetainedChild(long IndexId, long ManifestId);
