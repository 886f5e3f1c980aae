namespace Registry.Core.Trash;

/// <summary>A page of the trash.</summary>
/// <param name="Entries">The entries.</param>
/// <param name="HasMore">True if more follow the last one.</param>
public sealed record TrashPage(IReadOnlyList<TrashEntry> Entries, bool HasMore);
