using Microsoft.Extensions.Primitives;

namespace Registry.Server.Http;

/// <summary>Authorization header (RFC 9110, section 11.6.2).</summary>
internal static class AuthorizationHeader
{
    /// <summary>Reads scheme and parameter. The scheme is null without the header; two headers, or an empty one, count as an unknown scheme.</summary>
    public static (string? Scheme, string Parameter) Split(StringValues header)
    {
        if (header.Count == 0)
        {
            return (null, string.Empty);
        }

        var value = header.Count == 1 ? header[0]!.Trim() : string.Empty;
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 ? (value, string.Empty) : (value[..space], value[(space + 1)..].Trim());
    }
}
