namespace Registry.Core.Policies.Retention;

/// <summary>Numbers of tags of a rule.</summary>
/// <param name="Deleted">Tags that are deleted.</param>
/// <param name="All">All tags that the rule is about.</param>
public readonly record struct RetentionCount(long Deleted, long All)
{
    // Up to here, a mistake would be small, and the trash has it.
    private const int AlwaysPlausible = 50;

    /// <summary>True if a person must confirm the deletion: more than half of the tags, and more than 50. A pattern with a typing error looks like that.</summary>
    public bool IsImplausible => Deleted > AlwaysPlausible && Deleted > All / 2;

    public static RetentionCount operator +(RetentionCount one, RetentionCount other) => new(one.Deleted + other.Deleted, one.All + other.All);
}
