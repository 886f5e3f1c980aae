namespace Registry.Server.Routing;

/// <summary>What a path leads to. Lives on the stack and points into the path.</summary>
internal readonly ref struct RouteMatch
{
    /// <summary>The routes of the path, by method; null when there is no such path.</summary>
    public RouteSet? Routes { get; init; }

    /// <summary>The repository name as it stands in the path, unchecked; empty for paths without one.</summary>
    public ReadOnlySpan<char> Name { get; init; }

    /// <summary>The last parameter as it stands in the path, unchecked; empty for paths without one.</summary>
    public ReadOnlySpan<char> Parameter { get; init; }
}
