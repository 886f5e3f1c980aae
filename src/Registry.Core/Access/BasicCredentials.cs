using System.Text;

namespace Registry.Core.Access;

/// <summary>A user name and a password (RFC 7617).</summary>
public sealed record BasicCredentials(string User, string Password)
{
    // Base64 of a name and a password far longer than any that is accepted.
    private const int MaxLength = 4096;

    /// <summary>Reads what follows <c>Basic</c> in an Authorization header; null when it is not base64 of <c>user:password</c> in UTF-8.</summary>
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

        var text = Encoding.UTF8.GetString(bytes[..length]);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon <= 0 ? null : new BasicCredentials(text[..colon], text[(colon + 1)..]);
    }

    /// <summary>The user only: a password never ends up in a log.</summary>
    public override string ToString() => $"{User}:***";
}
