namespace Registry.Core.Collection;

/// <summary>
/// Decides whether it is plausible that so much is no longer needed. With a lost table, or an old backup of the metadata, nearly everything looks
/// deleted; an operator must then confirm the removal.
/// </summary>
public static class Plausibility
{
    /// <summary>Number up to which any removal is plausible, since a mistake would be small.</summary>
    public const int AlwaysPlausible = 500;

    /// <summary>Decides whether a collection needs the confirmation of an operator.</summary>
    /// <param name="estimate">What it would remove.</param>
    /// <param name="unknown">Number of blobs that the metadata does not know.</param>
    /// <param name="passed">Number of all stored blobs.</param>
    public static CollectionObjection ObjectionTo(CollectionEstimate estimate, long unknown, long passed)
    {
        ArgumentNullException.ThrowIfNull(estimate);
        return estimate.IsImplausible ? CollectionObjection.TooMuch
            : IsExceeded(unknown, passed) ? CollectionObjection.TooManyUnknown
            : CollectionObjection.None;
    }

    /// <summary>True if the removal is larger than expected: more than half of all, and more than <see cref="AlwaysPlausible"/>.</summary>
    public static bool IsExceeded(long removed, long all) => removed > AlwaysPlausible && removed > all / 2;
}
