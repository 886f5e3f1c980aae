namespace Registry.Server.Routing;

/// <summary>Result of matching a path. Lives on the stack and points into the path.</summary>
internal readonly ref struct RouteMatch
{
    /// <summary>Routes of the path, by method; null when no route has the path.</summary>
    public RouteSet? Routes { get; init; }

    /// <summary>Repository name in the path, unchecked; empty for paths without one.</summary>
    public ReadOnlySpan<char> Name { get; init; }

    /// <summary>Last parameter in the path, unchecked; empty for paths without one.</summary>
    public ReadOnlySpan<char> Parameter { get; init; }
}
