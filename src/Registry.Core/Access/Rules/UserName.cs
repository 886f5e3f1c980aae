using System.Globalization;
using System.Text;

namespace Registry.Core.Access.Rules;

/// <summary>Rules for the names of users.</summary>
public static class UserName
{
    /// <summary>Fault of a name, as words that follow the name; null for a valid one.</summary>
    public static string? FaultOf(string name) =>
        name.Any(char.IsControl) ? "contains a control character"
        : InvisibleIn(name) is { } character ? $"contains the invisible character {character}"
        : name.Contains(':', StringComparison.Ordinal) ? "contains a colon, which ends a name"
        : name.StartsWith('#') ? "begins with '#', which makes a line a comment"
        : name.StartsWith('$') || name == AccessRules.Everybody ? "means something else in access rules: '*', and what begins with '$', is no user"
        : null;

    /// <summary>
    /// Finds a character that cannot be seen, so that two users would look the same: formats such as a byte-order mark, and separators of lines and
    /// paragraphs. Returns it as <c>U+FEFF</c>; null if there is none.
    /// </summary>
    public static string? InvisibleIn(string name)
    {
        foreach (var rune in name.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                return string.Create(CultureInfo.InvariantCulture, $"U+{rune.Value:X4}");
            }
        }

        return null;
    }
}
