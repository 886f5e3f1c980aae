using Registry.Server.Requests;

namespace Registry.Server.Routing;

/// <summary>
/// Trie over path segments, from the end of the path. A repository name may contain segments that look like a route (<c>a/manifests/b</c>,
/// <c>v2/tags/list</c>), so the fixed tail decides; the name is the rest between the prefix and the tail. Matching allocates nothing.
/// </summary>
internal sealed class RouteTrie
{
    private readonly Node _root = new();

    public RouteTrie(IEnumerable<Route> routes)
    {
        foreach (var route in routes)
        {
            Add(route);
        }
    }

    /// <summary>Finds the routes of a path. The match has no routes when the path is unknown.</summary>
    public RouteMatch Match(ReadOnlySpan<char> path)
    {
        Match(_root, path, default, out var match);
        return match;
    }

    // Literals are tried before parameters. When a literal does not match, the parameter does: "…/manifests/list" is a tag called "list".
    private static bool Match(Node node, ReadOnlySpan<char> path, ReadOnlySpan<char> parameter, out RouteMatch match)
    {
        var slash = path.LastIndexOf('/');
        if (slash >= 0)
        {
            var segment = path[(slash + 1)..];
            var rest = path[..slash];
            foreach (var (literal, child) in node.Literals)
            {
                if (segment.SequenceEqual(literal) && Match(child, rest, parameter, out match))
                {
                    return true;
                }
            }

            if (node.Parameter is { } parameterNode && !segment.IsEmpty && Match(parameterNode, rest, segment, out match))
            {
                return true;
            }
        }

        if (node.NamedRoutes is { } named && path.StartsWith(node.NamePrefix))
        {
            match = new RouteMatch { Routes = named, Name = path[node.NamePrefix.Length..], Parameter = parameter };
            return true;
        }

        if (node.Routes is { } routes && path.IsEmpty)
        {
            match = new RouteMatch { Routes = routes, Parameter = parameter };
            return true;
        }

        match = default;
        return false;
    }

    private void Add(Route route)
    {
        var name = route.Path.IndexOf(Route.NameParameter, StringComparison.Ordinal);
        var tail = name < 0 ? route.Path : route.Path[(name + Route.NameParameter.Length)..];
        var node = _root;
        foreach (var segment in tail.Split('/')[1..].Reverse())
        {
            node = segment.StartsWith('<') ? node.Parameter ??= new Node() : node.Literal(segment);
        }

        if (name < 0)
        {
            (node.Routes ??= new RouteSet()).Add(route);
            return;
        }

        node.NamePrefix = route.Path[..name];
        (node.NamedRoutes ??= new RouteSet()).Add(route);
    }

    private sealed class Node
    {
        public (string Segment, Node Child)[] Literals { get; private set; } = [];

        public Node? Parameter { get; set; }

        /// <summary>Routes of a path that ends at this node (begins, in reading order).</summary>
        public RouteSet? Routes { get; set; }

        /// <summary>Routes of a path whose remainder is a prefix and a repository name.</summary>
        public RouteSet? NamedRoutes { get; set; }

        public string NamePrefix { get; set; } = string.Empty;

        public Node Literal(string segment)
        {
            foreach (var (existing, child) in Literals)
            {
                if (existing == segment)
                {
                    return child;
                }
            }

            var added = new Node();
            Literals = [.. Literals, (segment, added)];
            return added;
        }
    }
}
