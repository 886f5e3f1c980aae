namespace Registry.Server.Configuration;

/// <summary>Finds the known name that is nearest to a misspelt one.</summary>
internal static class Spelling
{
    /// <summary>
    /// Returns the nearest name. Null when none is near: a third of a short name may differ, two letters of a medium one, an eighth of a long
    /// one.
    /// </summary>
    public static string? Nearest(string name, IEnumerable<string> known)
    {
        var best = known.Select(candidate => (Name: candidate, Distance: Distance(name, candidate))).OrderBy(candidate => candidate.Distance).FirstOrDefault();
        return best.Name is not null && best.Distance <= Math.Max(Math.Min(2, (name.Length + 1) / 3), name.Length / 8) ? best.Name : null;
    }

    // Levenshtein: insertions, deletions and substitutions.
    private static int Distance(string a, string b)
    {
        var previous = Enumerable.Range(0, b.Length + 1).ToArray();
        var current = new int[b.Length + 1];
        for (var i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(substitution, Math.Min(previous[j], current[j - 1]) + 1);
            }

            (previous, current) = (current, previous);
        }

        return previous[b.Length];
    }
}
