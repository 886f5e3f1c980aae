namespace Registry.Core.Objects;

/// <summary>Part of a multipart upload. Its number is its place in the list, from 1 on.</summary>
/// <param name="Length">Number of its bytes.</param>
/// <param name="Tag">Tag by which the store knows exactly these bytes.</param>
public readonly record struct ObjectPart(long Length, string Tag);
