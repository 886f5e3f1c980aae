using Registry.Core.Oci;

namespace Registry.Core.Metadata;

/// <summary>
/// Condition of a change on the current digest of a tag or digest (RFC 9110, section 13.1: If-Match and If-None-Match, where the entity tag is
/// the digest). It is evaluated in the same transaction as the change, so it is a compare-and-swap.
/// </summary>
public sealed record Precondition
{
    /// <summary>No condition.</summary>
    public static readonly Precondition None = new();

    /// <summary>If-Match: the current digest must be one of these; an empty list means any digest; null without the header.</summary>
    public IReadOnlyList<string>? Match { get; init; }

    /// <summary>If-None-Match: the current digest must be none of these; an empty list means that none may exist; null without the header.</summary>
    public IReadOnlyList<string>? NoneMatch { get; init; }

    /// <summary>The current digest must be this one; null: there must be none.</summary>
    public static Precondition Exactly(Digest? current) => current is { } digest ? new() { Match = [digest.Value] } : new() { NoneMatch = [] };

    /// <summary>True if the change may happen.</summary>
    /// <param name="current">The current digest; null if there is none.</param>
    public bool Holds(Digest? current)
    {
        if (Match is not null && (current is null || (Match.Count > 0 && !Match.Contains(current.Value.Value))))
        {
            return false;
        }

        return NoneMatch is null || current is null || (NoneMatch.Count > 0 && !NoneMatch.Contains(current.Value.Value));
    }
}
