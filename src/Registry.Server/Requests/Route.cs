using Registry.Core.Access;

namespace Registry.Server.Requests;

/// <summary>Row of the route table.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Template">
/// The path. <c>&lt;name&gt;</c> stands for a repository name with any number of slashes, any other <c>&lt;word&gt;</c> for one segment. A query after the path
/// names the repository, as <c>repository=&lt;name&gt;</c>, the tag or the manifest, as <c>tag=&lt;reference&gt;</c>, <c>reference=&lt;reference&gt;</c> or <c>digest=&lt;digest&gt;</c>, and a second repository
/// to which the caller needs the permission to push, as <c>to=&lt;name&gt;</c>.
/// </param>
/// <param name="Permission">Permission that the caller needs. Every route has one.</param>
/// <param name="Handler">Handler of the requests.</param>
/// <param name="Operation">Operation on content, for logs and metrics.</param>
/// <param name="AlsoPulls">True when the caller needs the permission to pull, too, since the response tells of stored content.</param>
/// <param name="AlsoPushes">True when the caller needs the permission to push, too.</param>
internal sealed record Route(
    string Method,
    string Template,
    Permission Permission,
    Handler Handler,
    RequestOperation Operation = RequestOperation.None,
    bool AlsoPulls = false,
    bool AlsoPushes = false)
{
    /// <summary>Template of the path alone.</summary>
    public string Path { get; } = Template.Split('?')[0];

    /// <summary>True when the path or the query names a repository.</summary>
    public bool HasName { get; } = Template.Contains(NameParameter, StringComparison.Ordinal);

    /// <summary>True for an endpoint of the OCI distribution-spec.</summary>
    public bool IsOci { get; } = Template.StartsWith("/v2/", StringComparison.Ordinal);

    /// <summary>True when the query names the repository.</summary>
    public bool HasNameInQuery { get; } = Template.Contains($"?{RepositoryParameter}={NameParameter}", StringComparison.Ordinal);

    /// <summary>True when the query names a second repository.</summary>
    public bool HasTarget { get; } = Template.Contains($"&{TargetParameter}={NameParameter}", StringComparison.Ordinal);

    /// <summary>True when the request changes content, so it is refused in read-only mode.</summary>
    public bool IsChange { get; } = Permission is Permission.Push or Permission.Delete && Method is not ("GET" or "HEAD");

    /// <summary>Query parameter with the repository, whose slashes would not be told from those of the path.</summary>
    public const string RepositoryParameter = "repository";

    /// <summary>Query parameter with the second repository.</summary>
    public const string TargetParameter = "to";

    /// <summary>Query parameter with the tag.</summary>
    public const string TagParameter = "tag";

    /// <summary>Query parameter with the digest of a manifest.</summary>
    public const string DigestParameter = "digest";

    /// <summary>Query parameter with the tag or digest of a manifest.</summary>
    public const string ReferenceParameter = "reference";

    /// <summary>Placeholder for a repository name in a template.</summary>
    public const string NameParameter = "<name>";
}
