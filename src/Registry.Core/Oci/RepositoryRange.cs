namespace Registry.Core.Oci;

/// <summary>The repository names from one text to another, in ordinal order.</summary>
/// <param name="Start">The least name in it, if there is such a repository.</param>
/// <param name="End">What all names in it come before.</param>
public readonly record struct RepositoryRange(string Start, string End)
{
    /// <summary>Every name: no character of a name comes after <c>z</c>.</summary>
    public static readonly RepositoryRange All = new(string.Empty, "{");

    /// <summary>One name alone.</summary>
    public static RepositoryRange Of(string name) => new(name, Next(name));

    /// <summary>The names that begin with a text.</summary>
    public static RepositoryRange StartingWith(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return prefix.Length == 0 ? All : new RepositoryRange(prefix, $"{prefix[..^1]}{(char)(prefix[^1] + 1)}");
    }

    /// <summary>Whether a name is in it.</summary>
    public bool Contains(string name) => string.CompareOrdinal(Start, name) <= 0 && string.CompareOrdinal(name, End) < 0;

    /// <summary>The part of it that comes after a text, which need not be a name; null for all of it.</summary>
    public RepositoryRange After(string? last) =>
        last is null || string.CompareOrdinal(last, Start) < 0 ? this : this with { Start = Next(last) };

    /// <summary>Whether no name can be in it.</summary>
    public bool IsEmpty => string.CompareOrdinal(Start, End) >= 0;

    // Nothing lies between a text and the same text with a NUL behind it.
    private static string Next(string text) => $"{text}\0";
}
