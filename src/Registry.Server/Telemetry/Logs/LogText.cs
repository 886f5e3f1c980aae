using System.Globalization;

namespace Registry.Server.Telemetry.Logs;

/// <summary>Text for a terminal. It may contain text from clients, which must not forge lines or control the terminal.</summary>
internal static class LogText
{
    /// <summary>
    /// Replaces each character that ends a line, moves the cursor, or reorders or hides text by a space: controls, line and paragraph
    /// separators, and format characters such as U+202E.
    /// </summary>
    public static string OneLine(string text) =>
        text.Any(IsUnsafe) ? string.Concat(text.Select(c => IsUnsafe(c) ? ' ' : c)) : text;

    private static bool IsUnsafe(char c) => c > '~' ? char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate : c < ' ';
}
