using Registry.Core.Access;

namespace Registry.Server.Requests;

/// <summary>Row of the route table.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Template">
/// The path. <c>&lt;name&gt;</c> stands for a repository name with any number of slashes, any other <c>&lt;word&gt;</c> for one segment.
/// </param>
/// <param name="Permission">Permission that the caller needs. Every route has one.</param>
/// <param name="Handler">Handler of the requests.</param>
/// <param name="Operation">Operation on content, for logs and metrics.</param>
internal sealed record Route(
    string Method, string Template, Permission Permission, Handler Handler, RequestOperation Operation = RequestOperation.None)
{
    /// <summary>True when the path names a repository.</summary>
    public bool HasName { get; } = Template.Contains(NameParameter, StringComparison.Ordinal);

    /// <summary>True when the request changes content, so it is refused in read-only mode.</summary>
    public bool IsChange { get; } = Permission is Permission.Push or Permission.Delete && Method is not ("GET" or "HEAD");

    /// <summary>Placeholder for a repository name in a template.</summary>
    public const string NameParameter = "<name>";
}
