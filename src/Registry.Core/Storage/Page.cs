namespace Registry.Core.Storage;

/// <summary>A part of a sorted list.</summary>
/// <param name="Items">The entries, in ordinal order.</param>
/// <param name="HasMore">Whether more follow the last of them.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, bool HasMore);
