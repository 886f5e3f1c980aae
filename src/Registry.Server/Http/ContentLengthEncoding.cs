using System.Text;
using Microsoft.Net.Http.Headers;

namespace Registry.Server.Http;

/// <summary>
/// The encoding of <c>Content-Length</c>: it has ten characters. Kestrel parses the value as a number with an optional sign, so <c>+5</c> is 5 to
/// it and something else, or nothing, to other servers (RFC 9110, section 8.6: <c>1*DIGIT</c>). Every other byte reads as <c>?</c> here, which
/// Kestrel refuses with 400 as it refuses every value that is no number.
/// </summary>
internal sealed class ContentLengthEncoding : ASCIIEncoding
{
    private static readonly ContentLengthEncoding Instance = new();

    /// <summary>The encoding of a request header, as Kestrel asks for it; null for Kestrel's default.</summary>
    public static Encoding? Select(string header) =>
        string.Equals(header, HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase) ? Instance : null;

    /// <summary>Decodes as much as fits: Kestrel gives room for the digits of 64 bits, and refuses what fills it.</summary>
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
