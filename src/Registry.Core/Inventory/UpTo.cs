namespace Registry.Core.Inventory;

/// <summary>A number that was counted up to a limit.</summary>
/// <param name="Count">The number, or the limit.</param>
/// <param name="IsMore">True if there are more than the limit.</param>
public readonly record struct UpTo(long Count, bool IsMore);
