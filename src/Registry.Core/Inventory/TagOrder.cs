namespace Registry.Core.Inventory;

/// <summary>Order of a list of tags.</summary>
public enum TagOrder
{
    /// <summary>By name, in ordinal order.</summary>
    Name,

    /// <summary>The last set first.</summary>
    Time,
}
