using Microsoft.AspNetCore.Http;
using Registry.Core.Access;
using Registry.Core.Oci;

namespace Registry.Server.Pipeline;

/// <summary>A request that may be answered: what the path said, already parsed, and who is asking.</summary>
internal sealed class RequestContext(HttpContext http, RepositoryName repository, string parameter, Identity identity, Authorizer authorizer)
{
    /// <summary>The exchange itself.</summary>
    public HttpContext Http { get; } = http;

    /// <summary>The repository of the path; default for paths without one.</summary>
    public RepositoryName Repository { get; } = repository;

    /// <summary>The last parameter of the path, decoded and unchecked; empty for paths without one.</summary>
    public string Parameter { get; } = parameter;

    /// <summary>The user; null for an anonymous one.</summary>
    public string? User => identity.Name;

    public HttpRequest Request => Http.Request;

    public HttpResponse Response => Http.Response;

    /// <summary>Ends when the client goes away.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>Where the repositories are that the catalog shows to the caller.</summary>
    public IReadOnlyList<RepositoryRange> ListableRanges => authorizer.ListableRanges(identity);

    /// <summary>Whether the catalog shows a repository to the caller.</summary>
    public bool MayList(RepositoryName other) => authorizer.MayList(identity, other);

    /// <summary>Whether the caller may pull from a repository, the one of the path or another.</summary>
    public bool MayPull(RepositoryName other) => authorizer.MayPull(identity, other);
}
