namespace Registry.Mirror.Pulls;

/// <summary>How sure it is that a manifest is what the upstream has.</summary>
/// <param name="Stale">Reason for which it may be an old one; null if it is not.</param>
public readonly record struct Freshness(string? Stale)
{
    /// <summary>It is what the upstream has, or was within the period of its checks.</summary>
    public static Freshness Fresh => default;
}
