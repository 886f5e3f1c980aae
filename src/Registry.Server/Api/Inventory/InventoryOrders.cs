using Registry.Core.Inventory;

namespace Registry.Server.Api.Inventory;

/// <summary>Orders of the lists of the inventory, by the names that a query gives them. The first one is that of the API without a name.</summary>
internal static class InventoryOrders
{
    /// <summary>Orders of repositories.</summary>
    public static IReadOnlyDictionary<string, RepositoryOrder> Repositories { get; } = new Dictionary<string, RepositoryOrder>
    {
        ["name"] = RepositoryOrder.Name,
        ["pushed"] = RepositoryOrder.Pushed,
        ["size"] = RepositoryOrder.Size,
    };

    /// <summary>Orders of tags.</summary>
    public static IReadOnlyDictionary<string, TagOrder> Tags { get; } = new Dictionary<string, TagOrder> { ["name"] = TagOrder.Name, ["time"] = TagOrder.Time };
}
