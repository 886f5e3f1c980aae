using System.Globalization;

namespace Registry.Server.Telemetry;

/// <summary>Text for a terminal. What a client has sent may be part of it, and must forge no line and play no tricks.</summary>
internal static class LogText
{
    /// <summary>
    /// The text with a space for each character that ends a line, moves the cursor, or reorders and hides what is around it: controls, line and
    /// paragraph separators, and formats such as U+202E.
    /// </summary>
    public static string OneLine(string text) =>
        text.Any(IsUnsafe) ? string.Concat(text.Select(c => IsUnsafe(c) ? ' ' : c)) : text;

    private static bool IsUnsafe(char c) => c > '~' ? char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate : c < ' ';
}
