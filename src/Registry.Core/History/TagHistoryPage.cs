namespace Registry.Core.History;

/// <summary>A page of the history of a tag.</summary>
/// <param name="Entries">The changes, newest first.</param>
/// <param name="HasMore">True if older ones follow, before the last of the page.</param>
public sealed record TagHistoryPage(IReadOnlyList<HistoryEntry> Entries, bool HasMore);
