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
        if (Find(route.Method) is not null)
        {
            throw new ArgumentException($"{route.Method} {route.Template} is in the table twice.");
        }

        _routes = [.. _routes, route];
        Allow = string.Join(", ", _routes.Select(r => r.Method));
        AllowReadOnly = string.Join(", ", _routes.Where(r => !r.IsChange).Select(r => r.Method));
    }

    /// <summary>The route of a method; null when the path does not have it. Methods are case-sensitive (RFC 9110, section 9.1).</summary>
    public Route? Find(string method)
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
}
