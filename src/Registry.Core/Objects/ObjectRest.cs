namespace Registry.Core.Objects;

/// <summary>Bytes of an upload that follow its parts, in an object of their own: all of them while it has no part.</summary>
/// <param name="Key">Key of the object.</param>
/// <param name="Length">Number of its bytes.</param>
public sealed record ObjectRest(string Key, long Length);
