namespace Registry.Core.Collection;

/// <summary>
/// Decides whether it is plausible that so much is no longer needed. With a lost table, or an old backup of the metadata, nearly everything looks
/// deleted; an operator must then confirm the removal.
/// </summary>
internal static class Plausibility
{
    /// <summary>Number up to which any removal is plausible, since a mistake would be small.</summary>
    public const int AlwaysPlausible = 500;

    /// <summary>True if the removal is larger than expected: more than half of all, and more than <see cref="AlwaysPlausible"/>.</summary>
    public static bool IsExceeded(long removed, long all) => removed > AlwaysPlausible && removed > all / 2;
}
