namespace Registry.Core.Inventory;

/// <summary>Question for a list of repositories.</summary>
public sealed record RepositoryQuery
{
    /// <summary>Part of the names; capital letters count as small ones. Empty for all repositories.</summary>
    public string Part { get; init; } = string.Empty;

    /// <summary>Beginning of the names; empty for all repositories.</summary>
    public string Prefix { get; init; } = string.Empty;

    public RepositoryOrder Order { get; init; }

    /// <summary>Cursor of the page (<see cref="InventoryPage{T}.Next"/>); null for the first one.</summary>
    public string? After { get; init; }

    /// <summary>Number of repositories, 1 or more; null for the default.</summary>
    public int? Limit { get; init; }
}
