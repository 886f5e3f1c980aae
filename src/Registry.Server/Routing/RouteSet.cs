using Microsoft.AspNetCore.Http;

namespace Registry.Server.Routing;

/// <summary>The routes of one path: a handful, by method.</summary>
internal sealed class RouteSet
{
    private Route[] _routes = [];

    /// <summary>The value of an Allow header.</summary>
    public string Allow { get; private set; } = string.Empty;

    /// <summary>The value of an Allow header while nothing may be changed; may be empty (RFC 9110, section 10.2.1).</summary>
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
    /// The route of a method; null when the path does not have it. Methods are case-sensitive (RFC 9110, section 9.1). A HEAD without a route of its
    /// own is answered by that of GET, whose body Kestrel does not send (section 9.3.2).
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
