using Microsoft.AspNetCore.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Routing;

namespace Registry.Server.Pipeline;

/// <summary>The pages of the web interface: their routes, their access and their errors.</summary>
/// <param name="Routes">Routes of the pages.</param>
/// <param name="Gate">Access to them.</param>
/// <param name="Errors">Errors of pages, for people.</param>
internal sealed record PageGroup(RouteTrie Routes, IRequestGate Gate, IErrorWriter Errors)
{
    // Addresses of programs, whose errors stay as they are.
    private static readonly string[] Programs = ["/v1", "/v2", "/api", "/token", "/livez", "/readyz", "/startupz"];

    /// <summary>False for a registry whose pages are turned off: its errors are those of programs.</summary>
    public bool HasPages { get; init; } = true;

    /// <summary>True if a person in a browser has asked for a path that is nowhere.</summary>
    public bool IsForBrowser(HttpRequest request, ReadOnlySpan<char> path)
    {
        if (!HasPages || !AcceptsHtml(request))
        {
            return false;
        }

        foreach (var program in Programs)
        {
            if (path.StartsWith(program))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True if the client wants a page. Browsers name the type; programs send <c>*/*</c>, or nothing.</summary>
    public static bool AcceptsHtml(HttpRequest request) => request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
}
