using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Registry.Server.Web.Sessions;

/// <summary>
/// Cookies of the pages (RFC 6265bis). Under TLS, their names begin with <c>__Host-</c>, so neither a page of a neighbouring host nor one without TLS can set them.
/// </summary>
internal static class WebCookies
{
    /// <summary>Secret of a log-in.</summary>
    public const string Session = "registry-session";

    /// <summary>Secret of forms before a log-in.</summary>
    public const string Form = "registry-form";

    // A secret is 32 bytes in base64url.
    private const int Length = 43;

    /// <summary>Reads a cookie; null if there is none. Of two with the same name, one was set by another site, and none counts.</summary>
    public static string? Read(HttpRequest request, string name)
    {
        var full = NameOf(request, name);
        string? found = null;
        foreach (var header in request.Headers.Cookie)
        {
            foreach (var pair in (header ?? string.Empty).Split(';', StringSplitOptions.TrimEntries))
            {
                if (!pair.StartsWith(full, StringComparison.Ordinal) || pair.Length <= full.Length || pair[full.Length] != '=')
                {
                    continue;
                }

                if (found is not null)
                {
                    return null;
                }

                found = pair[(full.Length + 1)..];
            }
        }

        return found?.Length == Length ? found : null;
    }

    /// <summary>Sets a cookie. Scripts cannot read it, and no other site can send it with a form.</summary>
    /// <param name="http">The request and its response.</param>
    /// <param name="name">Name of the cookie.</param>
    /// <param name="value">The value.</param>
    /// <param name="maxAge">Time for which the browser keeps it; null until it is closed.</param>
    public static void Set(HttpContext http, string name, string value, TimeSpan? maxAge = null)
    {
        var age = maxAge is { } time ? string.Create(CultureInfo.InvariantCulture, $"; Max-Age={(long)time.TotalSeconds}") : string.Empty;
        http.Response.Headers.Append("Set-Cookie", $"{NameOf(http.Request, name)}={value}; Path=/; HttpOnly; SameSite=Lax{(IsSecure(http.Request) ? "; Secure" : string.Empty)}{age}");
    }

    /// <summary>Removes a cookie.</summary>
    public static void Remove(HttpContext http, string name) => Set(http, name, string.Empty, TimeSpan.Zero);

    private static string NameOf(HttpRequest request, string name) => IsSecure(request) ? $"__Host-{name}" : name;

    private static bool IsSecure(HttpRequest request) => request.Scheme == "https";
}
