namespace Registry.Core.Inventory;

/// <summary>A page of a list.</summary>
/// <param name="Items">Entries, in the order of the list.</param>
/// <param name="Next">Cursor of the next page; null for the last one.</param>
public sealed record InventoryPage<T>(IReadOnlyList<T> Items, string? Next);
