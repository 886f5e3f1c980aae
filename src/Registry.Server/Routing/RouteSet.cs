using Microsoft.AspNetCore.Http;
using Registry.Server.Requests;

namespace Registry.Server.Routing;

/// <summary>Routes of one path, by method.</summary>
internal sealed class RouteSet
{
    private Route[] _routes = [];

    /// <summary>Value of the Allow header.</summary>
    public string Allow { get; private set; } = string.Empty;

    /// <summary>Value of the Allow header in read-only mode; may be empty (RFC 9110, section 10.2.1).</summary>
    public string AllowReadOnly { get; private set; } = string.Empty;

    public void Add(Route route)
    {
        if (FindExact(route.Method) is not null)
        {
            throw new ArgumentException($"{route.Method} {route.Template} is in the table twice.");
        }

        _routes = [.. _routes, route];
        Allow = Join(_routes);
        AllowReadOnly = Join(_routes.Where(r => !r.IsChange));
    }

    /// <summary>
    /// Finds the route of a method; null when the path has none. Methods are case-sensitive (RFC 9110, section 9.1). HEAD without its own route
    /// uses that of GET; Kestrel does not send the body (section 9.3.2).
    /// </summary>
    public Route? Find(string method) => FindExact(method) ?? (method == HttpMethods.Head ? FindExact(HttpMethods.Get) : null);

    private Route? FindExact(string method)
    {
        foreach (var route in _routes)
        {
            if (string.Equals(route.Method, method, StringComparison.Ordinal))
            {
                return route;
            }
        }

        return null;
    }

    private static string Join(IEnumerable<Route> routes)
    {
        var methods = routes.Select(route => route.Method).ToList();
        var get = methods.IndexOf(HttpMethods.Get);
        if (get >= 0 && !methods.Contains(HttpMethods.Head))
        {
            methods.Insert(get + 1, HttpMethods.Head);
        }

        return string.Join(", ", methods);
    }
}
