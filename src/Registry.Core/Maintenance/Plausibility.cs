namespace Registry.Core.Maintenance;

/// <summary>
/// When to believe that so much is not needed any more. A lost table or an old backup of the metadata looks as if somebody had deleted nearly
/// everything, so an operator must say that it is right.
/// </summary>
internal static class Plausibility
{
    /// <summary>Up to here, a mistake is small.</summary>
    public const int AlwaysPlausible = 500;

    /// <summary>Whether this many of all are more than anybody would expect to be removed at once: more than half, and not few.</summary>
    public static bool IsExceeded(long removed, long all) => removed > AlwaysPlausible && removed > all / 2;
}
