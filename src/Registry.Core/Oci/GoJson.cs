namespace Registry.Core.Oci;

/// <summary>
/// Matches keys as Go's encoding/json does: when no field has the exact name, it takes one that is equal under simple case folding. Most
/// registry clients are written in Go and read a key such as <c>LAYERS</c> as <c>layers</c>, which System.Text.Json does not.
/// </summary>
internal static class GoJson
{
    /// <summary>Finds the known key that a Go program would read this one as; null if there is none, or if the key is exact.</summary>
    public static string? FoldsInto(string key, ReadOnlySpan<string> knownKeys)
    {
        foreach (var known in knownKeys)
        {
            if (key.Length == known.Length && !string.Equals(key, known, StringComparison.Ordinal) && EqualsFolded(key, known))
            {
                return known;
            }
        }

        return null;
    }

    private static bool EqualsFolded(string key, string known)
    {
        for (var i = 0; i < key.Length; i++)
        {
            if (Fold(key[i]) != Fold(known[i]))
            {
                return false;
            }
        }

        return true;
    }

    // The only characters outside ASCII that fold into it: U+017F (long s) and U+212A (Kelvin sign).
    private static char Fold(char c) => c switch
    {
        '\u017F' => 's',
        '\u212A' => 'k',
        _ => char.ToLowerInvariant(c),
    };
}
