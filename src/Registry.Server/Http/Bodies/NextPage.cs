using System.Text;
using Registry.Server.Requests;

namespace Registry.Server.Http.Bodies;

/// <summary>The page of a list that follows the one of an answer.</summary>
internal static class NextPage
{
    /// <summary>Path and query of the next page: the same question with another cursor. A path, so that it works behind any proxy.</summary>
    /// <param name="request">The request.</param>
    /// <param name="name">Parameter of the cursor.</param>
    /// <param name="cursor">Its value; null if there is no further page.</param>
    /// <param name="repeated">The other parameters.</param>
    /// <returns>The path; null if there is no further page.</returns>
    public static string? PathOf(RequestContext request, string name, string? cursor, params IReadOnlyList<string> repeated)
    {
        if (cursor is null)
        {
            return null;
        }

        var next = new StringBuilder(request.Route!.Path).Append('?').Append(name).Append('=').Append(Uri.EscapeDataString(cursor));
        foreach (var other in repeated)
        {
            if (request.Request.Query[other] is [{ Length: > 0 } value])
            {
                next.Append('&').Append(other).Append('=').Append(Uri.EscapeDataString(value));
            }
        }

        return next.ToString();
    }

    /// <summary>Sets the headers of a page: it depends on the caller, and the next change makes it wrong. The link is that of RFC 8288.</summary>
    public static void Describe(RequestContext request, string? next)
    {
        request.Response.Headers.CacheControl = "no-store";
        if (next is not null)
        {
            request.Response.Headers.Link = $"<{next}>; rel=\"next\"";
        }
    }
}
