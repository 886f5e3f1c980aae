namespace Registry.Core.Collection.Records;

/// <summary>The blobs and manifests whose bytes a collection would remove.</summary>
/// <param name="Listed">Some of them.</param>
/// <param name="Count">Number of all of them, including those not listed.</param>
/// <param name="Bytes">Recorded size of all of them, in bytes.</param>
public sealed record RemovableBlobs(IReadOnlyList<RemovableBlob> Listed, long Count, long Bytes);
