using System.Text;

namespace Registry.Storage.Postgres;

/// <summary>Text that PostgreSQL can store: Unicode without NUL.</summary>
internal static class PostgresText
{
    /// <summary>
    /// Replaces NUL by U+0001, which sorts at the same place among names, and halves of surrogate pairs, such as a cut leaves, by U+FFFD.
    /// </summary>
    public static string Of(string text) => IsValid(text) ? text : Replace(text);

    private static bool IsValid(string text)
    {
        foreach (var character in text)
        {
            if (character == '\0' || char.IsSurrogate(character))
            {
                return false;
            }
        }

        return true;
    }

    private static string Replace(string text)
    {
        var valid = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            valid.Append(rune.Value == 0 ? new Rune(1) : rune);
        }

        return valid.ToString();
    }
}
