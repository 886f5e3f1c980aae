using System.Text;

namespace Registry.Core.Access.Passwords;

/// <summary>A user name and a password (RFC 7617).</summary>
public sealed record BasicCredentials(string User, string Password)
{
    // Base64 of a name and a password far longer than any accepted one.
    private const int MaxLength = 4096;

    // Different bytes that are not UTF-8 must not become the same replacement character.
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Parses the parameter of a <c>Basic</c> Authorization header; null unless it is base64 of <c>user:password</c> in UTF-8 without control
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

    /// <summary>The user without the password, so that the password never appears in a log.</summary>
    public override string ToString() => $"{User}:***";
}
