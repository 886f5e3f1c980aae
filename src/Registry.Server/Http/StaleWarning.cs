using Microsoft.AspNetCore.Http;
using Registry.Mirror.Pulls;

namespace Registry.Server.Http;

/// <summary>Tells a client that an answer of a mirrored repository may be old (RFC 7234, section 5.5.1: code 110, "Response is Stale").</summary>
internal static class StaleWarning
{
    private const string Stale = "110 - \"Response is Stale\"";

    /// <summary>Writes the header if the answer may be old.</summary>
    public static void Write(HttpResponse response, Freshness freshness)
    {
        if (freshness.Stale is not null)
        {
            response.Headers.Warning = Stale;
        }
    }
}
