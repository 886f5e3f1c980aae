namespace Registry.Core.Errors;

/// <summary>Numbers with their noun in messages.</summary>
public static class Count
{
    /// <summary>Writes a number and its noun: <c>1 repository</c>, <c>2 repositories</c>, <c>0 untagged manifests</c>.</summary>
    /// <param name="number">The number, 0 or more.</param>
    /// <param name="noun">The noun in the singular, whose plural is regular.</param>
    public static string Of(long number, string noun) => $"{number} {(number == 1 ? noun : Plural(noun))}";

    // "repositories", but "days".
    private static string Plural(string noun) => noun is [.., not ('a' or 'e' or 'o'), 'y'] ? $"{noun[..^1]}ies" : $"{noun}s";
}
