namespace Registry.Core.Space;

/// <summary>A reference of a manifest.</summary>
/// <param name="ManifestContentId">Id of the content of the manifest.</param>
/// <param name="ContentId">Id of the content that it refers to.</param>
public readonly record struct ContentReference(long ManifestContentId, long ContentId);
