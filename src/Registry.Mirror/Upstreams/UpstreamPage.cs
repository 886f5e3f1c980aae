using Registry.Mirror.Upstreams.Requests;

namespace Registry.Mirror.Upstreams;

/// <summary>Reads the parts of answers that lead to the next page (OCI distribution-spec, "Listing Tags" and "Listing Referrers"; RFC 8288).</summary>
internal static class UpstreamPage
{
    /// <summary>Query of the next page, with its question mark; null for the last page. A page of another path is none: only the query says how a list goes on.</summary>
    public static string? NextQuery(UpstreamAnswer answer)
    {
        if (!answer.Message.Headers.NonValidated.TryGetValues("Link", out var links))
        {
            return null;
        }

        foreach (var link in links)
        {
            var end = link.IndexOf('>', StringComparison.Ordinal);
            if (link.StartsWith('<') && end > 0 && IsNext(link[(end + 1)..]) && link.IndexOf('?', 0, end) is var query and > 0)
            {
                return link[query..end];
            }
        }

        return null;
    }

    /// <summary>Finds a parameter of a query; null without one.</summary>
    public static string? Parameter(string query, string name) => query.TrimStart('?').Split('&')
        .Where(pair => pair.StartsWith($"{name}=", StringComparison.Ordinal))
        .Select(pair => Uri.UnescapeDataString(pair[(name.Length + 1)..].Replace('+', ' '))).FirstOrDefault();

    private static bool IsNext(string parameters) => parameters.Split(';').Select(parameter => parameter.Trim())
        .Any(parameter => parameter.Equals("rel=\"next\"", StringComparison.OrdinalIgnoreCase) || parameter.Equals("rel=next", StringComparison.OrdinalIgnoreCase));
}
