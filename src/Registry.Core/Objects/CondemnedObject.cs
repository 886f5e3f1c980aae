namespace Registry.Core.Objects;

/// <summary>Object that is to be deleted.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Multipart">Id of the multipart upload that would have become the object, which ends first; null for none.</param>
public sealed record CondemnedObject(string Key, string? Multipart);
