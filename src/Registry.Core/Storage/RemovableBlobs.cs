namespace Registry.Core.Storage;

/// <summary>The blobs and manifests whose bytes a collection would remove.</summary>
/// <param name="Listed">Some of them.</param>
/// <param name="Count">How many there are, those that are not listed included.</param>
/// <param name="Bytes">The size of all of them on record, in bytes.</param>
public sealed record RemovableBlobs(IReadOnlyList<RemovableBlob> Listed, long Count, long Bytes);
