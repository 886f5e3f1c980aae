using System.Buffers;
using System.Globalization;
using System.Text;

namespace Registry.Server.Web.Html;

/// <summary>Escapes text for its place in a page, in UTF-8. What would be invisible, or would change the order of what is read, becomes visible: <c>⟨U+202E⟩</c>.</summary>
internal static class HtmlEscape
{
    /// <summary>Characters of a text that a page shows; the rest is counted.</summary>
    public const int MaxText = 4096;

    // First code units of the plane of invisible tags and variation selectors, U+E0000 to U+E01FF.
    private const char TagsHigh = '\uDB40';

    private static readonly string Invisible = string.Concat(
        Range('\0', '\u0008'), Range('\u000B', '\u000C'), Range('\u000E', '\u001F'), Range('\u007F', '\u009F'), "\u00AD\u061C\u180E\u200B\u200E\u200F",
        Range('\u2028', '\u202E'), Range('\u2060', '\u206F'), "\uFEFF", Range('\uFFF9', '\uFFFB'), TagsHigh.ToString());

    private static readonly SearchValues<char> Special = SearchValues.Create($"&<>\"'{Invisible}");

    private static readonly SearchValues<char> InUrl = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:@");

    // javascript: and data: run what they hold.
    private static readonly string[] Schemes = ["http://", "https://"];

    /// <summary>Writes a text, also of a quoted attribute. A longer one than the limit ends with the number of the characters that are left out.</summary>
    /// <param name="output">Receives the bytes.</param>
    /// <param name="text">The text.</param>
    /// <param name="limit">Largest number of characters.</param>
    public static void WriteText(IBufferWriter<byte> output, ReadOnlySpan<char> text, int limit = MaxText)
    {
        var shown = text.Length <= limit ? text : text[..(char.IsHighSurrogate(text[limit - 1]) ? limit - 1 : limit)];
        var left = text.Length - shown.Length;
        while (!shown.IsEmpty)
        {
            var run = shown.IndexOfAny(Special);
            if (run != 0)
            {
                run = run < 0 ? shown.Length : run;
                Encoding.UTF8.GetBytes(shown[..run], output);
                shown = shown[run..];
            }
            else
            {
                shown = shown[WriteSpecial(output, shown)..];
            }
        }

        if (left > 0)
        {
            Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"… ({left:N0} more characters)"), output);
        }
    }

    /// <summary>Writes a URL: a path of this site, or one of an allowed scheme. Any other becomes one that leads nowhere.</summary>
    public static void WriteUrl(IBufferWriter<byte> output, ReadOnlySpan<char> url) => WriteText(output, IsAllowed(url) ? url : "about:blank");

    /// <summary>Writes a part of a URL. What has a meaning in a URL is percent-encoded (RFC 3986, section 2), except slashes, which names have.</summary>
    public static void WriteUrlPart(IBufferWriter<byte> output, ReadOnlySpan<char> part)
    {
        if (part.Length > MaxText)
        {
            part = part[..MaxText];
        }

        if (!part.ContainsAnyExcept(InUrl))
        {
            Encoding.UTF8.GetBytes(part, output);
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(part.ToString());
        foreach (var b in bytes)
        {
            if (b < 0x80 && InUrl.Contains((char)b))
            {
                output.GetSpan(1)[0] = b;
                output.Advance(1);
            }
            else
            {
                var span = output.GetSpan(3);
                span[0] = (byte)'%';
                span[1] = (byte)HexOf(b >> 4);
                span[2] = (byte)HexOf(b & 15);
                output.Advance(3);
            }
        }
    }

    // A path begins with one slash: two, or a backslash, name another host (WHATWG URL standard).
    private static bool IsAllowed(ReadOnlySpan<char> url)
    {
        if (url.IsEmpty || url.Length > MaxText || url.ContainsAnyInRange('\0', '\u001F'))
        {
            return false;
        }

        foreach (var scheme in Schemes)
        {
            if (url.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return url[0] is '?' or '#' || (url[0] == '/' && (url.Length == 1 || url[1] is not ('/' or '\\')));
    }

    private static int WriteSpecial(IBufferWriter<byte> output, ReadOnlySpan<char> text)
    {
        switch (text[0])
        {
            case '&':
                output.Write("&amp;"u8);
                return 1;
            case '<':
                output.Write("&lt;"u8);
                return 1;
            case '>':
                output.Write("&gt;"u8);
                return 1;
            case '"':
                output.Write("&quot;"u8);
                return 1;
            case '\'':
                output.Write("&#39;"u8);
                return 1;
        }

        var isPair = Rune.TryGetRuneAt(text.Length > 1 ? new string(text[..2]) : new string(text[..1]), 0, out var rune);
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"⟨U+{(isPair ? rune.Value : text[0]):X4}⟩"), output);
        return isPair ? rune.Utf16SequenceLength : 1;
    }

    private static char HexOf(int digit) => "0123456789ABCDEF"[digit];

    private static string Range(char first, char last) => string.Concat(Enumerable.Range(first, last - first + 1).Select(c => (char)c));
}
