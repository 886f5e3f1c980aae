namespace Registry.Mirror.Pulls;

/// <summary>How sure it is that a manifest is what the upstream has.</summary>
/// <param name="Stale">Reason for which it may be an old one; null if it is not.</param>
/// <param name="IsFetched">True if it has come from the upstream just now; false if it was here.</param>
public readonly record struct Freshness(string? Stale, bool IsFetched = false)
{
    /// <summary>It is what the upstream has, or was within the period of its checks.</summary>
    public static Freshness Fresh => default;

    /// <summary>It has just been fetched.</summary>
    public static Freshness Fetched => new(null, IsFetched: true);
}
