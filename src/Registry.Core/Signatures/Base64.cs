namespace Registry.Core.Signatures;

/// <summary>Decodes base64 that clients have pushed (RFC 4648, section 4).</summary>
internal static class Base64
{
    /// <summary>Decodes a text; null if it is none, decodes to nothing, or is longer than a limit.</summary>
    /// <param name="text">The text; null for none.</param>
    /// <param name="maxSize">Size of the largest result, in bytes.</param>
    public static byte[]? Decode(string? text, int maxSize)
    {
        if (string.IsNullOrEmpty(text) || text.Length > ((long)maxSize + 2) / 3 * 4)
        {
            return null;
        }

        // Convert ignores white space, so the text may be shorter than it looks.
        var bytes = new byte[(text.Length + 3) / 4 * 3];
        return Convert.TryFromBase64String(text, bytes, out var length) && length > 0 ? bytes[..length] : null;
    }
}
