using System.Text;

namespace Registry.Core.Access;

/// <summary>A user name and a password (RFC 7617).</summary>
public sealed record BasicCredentials(string User, string Password)
{
    // Base64 of a name and a password far longer than any that is accepted.
    private const int MaxLength = 4096;

    // Whatever is not UTF-8 must not turn into the same replacement character.
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Reads what follows <c>Basic</c> in an Authorization header; null when it is not base64 of <c>user:password</c> in UTF-8 without control
    /// characters (RFC 7617, section 2).
    /// </summary>
    public static BasicCredentials? TryParse(string parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        if (parameter.Length > MaxLength)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[MaxLength];
        if (!Convert.TryFromBase64String(parameter, bytes, out var length))
        {
            return null;
        }

        string text;
        try
        {
            text = Strict.GetString(bytes[..length]);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }

        if (text.Any(char.IsControl))
        {
            return null;
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon <= 0 ? null : new BasicCredentials(text[..colon], text[(colon + 1)..]);
    }

    /// <summary>The user only: a password never ends up in a log.</summary>
    public override string ToString() => $"{User}:***";
}
