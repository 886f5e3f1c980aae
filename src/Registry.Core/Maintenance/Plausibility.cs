namespace Registry.Core.Maintenance;

/// <summary>
/// When to believe that so much is not needed any more. With a lost table or an old backup of the metadata, nearly everything looks deleted, so
/// an operator must say that it is right.
/// </summary>
public static class Plausibility
{
    /// <summary>Up to here, a mistake is small.</summary>
    public const int AlwaysPlausible = 500;

    /// <summary>Whether this many of all are more than is expected to be removed at once: more than half, and not few.</summary>
    public static bool IsExceeded(long removed, long all) => removed > AlwaysPlausible && removed > all / 2;
}
