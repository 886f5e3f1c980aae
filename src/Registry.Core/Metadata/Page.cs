namespace Registry.Core.Metadata;

/// <summary>A page of a sorted list.</summary>
/// <param name="Items">Entries, in ordinal order.</param>
/// <param name="HasMore">True if more entries follow.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, bool HasMore);
