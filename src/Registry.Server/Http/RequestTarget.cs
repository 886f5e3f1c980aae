using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Registry.Server.Http;

/// <summary>
/// Path of a request as the client sent it. Kestrel's own <c>Path</c> has dot segments removed, so the routed name could differ from the
/// authorized one. The raw target is decoded here, once.
/// </summary>
internal static class RequestTarget
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>
    /// Extracts the path of a request target in origin or absolute form (RFC 9112, section 3.2), percent-decoded once. Allocates only when
    /// there is something to decode.
    /// </summary>
    /// <returns>False when the percent-encoding is invalid or does not decode to text. A target of another form, such as <c>*</c>, has an empty path.</returns>
    public static bool TryGetPath(string target, out ReadOnlySpan<char> path)
    {
        path = target;
        if (!target.StartsWith('/'))
        {
            path = PathOfAbsolute(target);
        }

        var query = path.IndexOf('?');
        if (query >= 0)
        {
            path = path[..query];
        }

        return !path.Contains('%') || TryDecode(ref path);
    }

    /// <summary>Raw target without the query, for logs. It is still encoded, so it cannot break a line.</summary>
    public static string Path(HttpContext http)
    {
        var target = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var query = target.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? target : target[..query];
    }

    /// <summary>Query as the client sent it, still encoded, without the question mark; empty without a query.</summary>
    public static string Query(HttpContext http)
    {
        var target = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var query = target.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? string.Empty : target[(query + 1)..];
    }

    // An empty path is the root (RFC 3986, section 6.2.3), and a slash after the question mark belongs to the query.
    private static ReadOnlySpan<char> PathOfAbsolute(string target)
    {
        var scheme = target.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0 || scheme + 3 == target.Length)
        {
            return default;
        }

        var rest = target.AsSpan(scheme + 3);
        var end = rest.IndexOfAny('/', '?');
        return end < 0 || rest[end] == '?' ? "/" : rest[end..];
    }

    private static bool TryDecode(ref ReadOnlySpan<char> path)
    {
        var bytes = new byte[path.Length];
        var length = 0;
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] != '%')
            {
                if (path[i] > 127)
                {
                    return false;
                }

                bytes[length++] = (byte)path[i];
            }
            else if (i + 2 < path.Length
                && byte.TryParse(path.Slice(i + 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value))
            {
                bytes[length++] = value;
                i += 2;
            }
            else
            {
                return false;
            }
        }

        try
        {
            path = StrictUtf8.GetString(bytes, 0, length);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
