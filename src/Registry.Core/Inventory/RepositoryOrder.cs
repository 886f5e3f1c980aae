namespace Registry.Core.Inventory;

/// <summary>Order of a list of repositories.</summary>
public enum RepositoryOrder
{
    /// <summary>By name, in ordinal order.</summary>
    Name,

    /// <summary>The last pushed first.</summary>
    Pushed,

    /// <summary>The largest first, by the last computation of space.</summary>
    Size,
}
