namespace Registry.Core.Oci;

/// <summary>A range of repository names in ordinal order.</summary>
/// <param name="Start">Inclusive lower bound; it need not be a name.</param>
/// <param name="End">Exclusive upper bound.</param>
public readonly record struct RepositoryRange(string Start, string End)
{
    /// <summary>Every name: no character of a name comes after <c>z</c>.</summary>
    public static readonly RepositoryRange All = new(string.Empty, "{");

    /// <summary>Creates the range of a single name.</summary>
    public static RepositoryRange Of(string name) => new(name, Next(name));

    /// <summary>Creates the range of the names that begin with a text.</summary>
    public static RepositoryRange StartingWith(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return prefix.Length == 0 ? All : new RepositoryRange(prefix, $"{prefix[..^1]}{(char)(prefix[^1] + 1)}");
    }

    /// <summary>True if a name is in the range.</summary>
    public bool Contains(string name) => string.CompareOrdinal(Start, name) <= 0 && string.CompareOrdinal(name, End) < 0;

    /// <summary>Part of the range after a text, which need not be a name; null for the whole range.</summary>
    public RepositoryRange After(string? last) =>
        last is null || string.CompareOrdinal(last, Start) < 0 ? this : this with { Start = Next(last) };

    /// <summary>True if no name can be in the range.</summary>
    public bool IsEmpty => string.CompareOrdinal(Start, End) >= 0;

    // Nothing sorts between a text and the same text followed by a NUL.
    private static string Next(string text) => $"{text}\0";
}
