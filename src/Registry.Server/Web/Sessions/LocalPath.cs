namespace Registry.Server.Web.Sessions;

/// <summary>Paths that a log-in leads to. Only one of this site is followed: any other would lead people who trust the registry to another site.</summary>
internal static class LocalPath
{
    private const int MaxLength = 2000;

    /// <summary>The path, if it is one of this site; else the first page.</summary>
    /// <param name="path">Path and query that a client has sent; null for none.</param>
    public static string Of(string? path) => path is { Length: > 0 and <= MaxLength } && path[0] == '/' && !path.StartsWith("//", StringComparison.Ordinal)
        && path.All(c => c is > ' ' and <= '~' and not ('\\' or '"' or '<' or '>')) && !path.StartsWith("/login", StringComparison.Ordinal)
        ? path
        : "/";
}
