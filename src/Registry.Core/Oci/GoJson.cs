namespace Registry.Core.Oci;

/// <summary>
/// How Go's encoding/json matches keys: when no field has the exact name, one that is equal under simple case folding is taken. Most
/// registry clients are written in Go, so a key such as <c>LAYERS</c> means <c>layers</c> to them and nothing to System.Text.Json.
/// </summary>
internal static class GoJson
{
    /// <summary>The known key that a Go program would take this one for, when it is not that key exactly; else null.</summary>
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
