using System.Text;
using Microsoft.Net.Http.Headers;

namespace Registry.Server.Http;

/// <summary>
/// Encoding of <c>Content-Length</c>, with the ten digits as its only characters. Kestrel parses the value as a number with an optional sign:
/// it reads <c>+5</c> as 5, while other servers read another value or refuse it (RFC 9110, section 8.6: <c>1*DIGIT</c>). This encoding
/// decodes every other byte as <c>?</c>, and Kestrel refuses the value with 400.
/// </summary>
internal sealed class ContentLengthEncoding : ASCIIEncoding
{
    private static readonly ContentLengthEncoding Instance = new();

    /// <summary>Selects the encoding of a request header for Kestrel; null for Kestrel's default.</summary>
    public static Encoding? Select(string header) =>
        string.Equals(header, HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase) ? Instance : null;

    /// <summary>Decodes as much as fits. Kestrel's buffer holds the digits of a 64-bit number, and Kestrel refuses a value that fills it.</summary>
    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        var count = Math.Min(bytes.Length, chars.Length);
        for (var i = 0; i < count; i++)
        {
            chars[i] = char.IsAsciiDigit((char)bytes[i]) ? (char)bytes[i] : '?';
        }

        return count;
    }
}
