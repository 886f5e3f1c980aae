using Registry.Core.Access;

namespace Registry.Server.Routing;

/// <summary>A row of the route table.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Template">
/// The path. <c>&lt;name&gt;</c> stands for a repository name with any number of slashes, any other <c>&lt;word&gt;</c> for one segment.
/// </param>
/// <param name="Permission">What the caller must be allowed to do. There is no route without one.</param>
/// <param name="Handler">What answers.</param>
/// <param name="Operation">What it does to content, when logs and metrics tell.</param>
internal sealed record Route(
    string Method, string Template, Permission Permission, Handler Handler, RequestOperation Operation = RequestOperation.None)
{
    /// <summary>Whether the path names a repository.</summary>
    public bool HasName { get; } = Template.Contains(NameParameter, StringComparison.Ordinal);

    /// <summary>Whether the registry holds something else afterwards, so that it is refused while the registry is read-only.</summary>
    public bool IsChange { get; } = Permission is Permission.Push or Permission.Delete && Method is not ("GET" or "HEAD");

    /// <summary>How a template writes a repository name.</summary>
    public const string NameParameter = "<name>";
}
