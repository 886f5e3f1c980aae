namespace Registry.Core.Inventory;

/// <summary>Question for a list of tags.</summary>
public sealed record TagQuery
{
    /// <summary>Beginning of the tags; empty for all tags.</summary>
    public string Prefix { get; init; } = string.Empty;

    public TagOrder Order { get; init; }

    /// <summary>Cursor of the page (<see cref="InventoryPage{T}.Next"/>); null for the first one.</summary>
    public string? After { get; init; }

    /// <summary>Number of tags, 1 or more; null for the default.</summary>
    public int? Limit { get; init; }
}
