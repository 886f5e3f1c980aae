namespace Registry.Core.Trash;

/// <summary>A page of the trash.</summary>
/// <param name="Entries">The entries.</param>
/// <param name="HasMore">True if more follow the last one.</param>
public sealed record TrashPage(IReadOnlyList<TrashEntry> Entries, bool HasMore)
{
    /// <summary>The page of a query that has asked for one entry more than its limit.</summary>
    public static TrashPage Of(List<TrashEntry> entries, int limit)
    {
        ArgumentNullException.ThrowIfNull(entries);
        return entries.Count > limit ? new TrashPage(entries[..limit], HasMore: true) : new TrashPage(entries, HasMore: false);
    }
}
