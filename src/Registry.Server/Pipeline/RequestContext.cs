using System.Diagnostics;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Registry.Core.Access;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Routing;

namespace Registry.Server.Pipeline;

/// <summary>
/// A request on its way: what the path said, already parsed, who is asking, and what became of it. The object serves one request after the
/// other of its connection, so nothing keeps it beyond the answer.
/// </summary>
internal sealed class RequestContext(HttpContext http, BodyWatch? bodies = null) : IProgress<long>
{
    private Authorizer? _authorizer;
    private CountingReader? _body;

    /// <summary>The exchange itself.</summary>
    public HttpContext Http { get; } = http;

    /// <summary>Whether it is no client's: the first one, by which the process loads its code. No log and no metric has it.</summary>
    public bool IsWarmUp { get; init; }

    /// <summary>The id under which logs speak of the request; empty for one that they do not speak of.</summary>
    public string Id { get; set; } = string.Empty;

    /// <summary>When it began, as a timestamp of the clock.</summary>
    public long StartedAt { get; private set; }

    /// <summary>The route of the path; null while there is none.</summary>
    public Route? Route { get; private set; }

    /// <summary>The repository of the path; default for paths without one.</summary>
    public RepositoryName Repository { get; private set; }

    /// <summary>The last parameter of the path, decoded and unchecked; empty for paths without one.</summary>
    public string Parameter { get; private set; } = string.Empty;

    /// <summary>Who is asking, as far as is known.</summary>
    public Identity Identity { get; private set; } = Identity.Anonymous;

    /// <summary>What the request does to content: what the route says, unless its endpoint knows better.</summary>
    public RequestOperation Operation { get; set; }

    /// <summary>What it has changed; null when nothing, or when its path says all.</summary>
    public ContentChange? Change { get; set; }

    /// <summary>The upload session that it is about, which need not exist; null when it is about something else.</summary>
    public Guid? Upload { get; set; }

    /// <summary>The error it was answered with; null when it was served.</summary>
    public RegistryError? Error { get; set; }

    /// <summary>Whether the client has gone away before the answer was complete.</summary>
    public bool IsGone { get; set; }

    /// <summary>Whether the answer ended before the length that it had announced, because of the client or of the storage.</summary>
    public bool IsCut { get; set; }

    /// <summary>How many bytes of a body were sent that may end early.</summary>
    public long BytesOut { get; private set; }

    /// <summary>Why it was not let in, in a word; null when it was.</summary>
    public string? Refusal { get; set; }

    /// <summary>Whether it was counted as one that is being answered.</summary>
    public bool IsCounted { get; set; }

    /// <summary>Its span; null without traces.</summary>
    public Activity? Activity { get; set; }

    /// <summary>How many bytes of its body have arrived.</summary>
    public long BytesIn => _body?.Arrived ?? 0;

    /// <summary>Whether anything of the body was read, or asked for.</summary>
    public bool IsBodyBegun => _body?.IsBegun == true;

    /// <summary>Whether the body was read to its end.</summary>
    public bool IsBodyCompleted => _body?.IsCompleted == true;

    /// <summary>The user; null for an anonymous one.</summary>
    public string? User => Identity.Name;

    public HttpRequest Request => Http.Request;

    public HttpResponse Response => Http.Response;

    /// <summary>The body of the request, which is counted as it is read.</summary>
    public PipeReader Body => _body ??= new CountingReader(Http.Request.BodyReader, bodies);

    /// <summary>Ends when the client goes away.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>Where the repositories are that the catalog shows to the caller.</summary>
    public IReadOnlyList<RepositoryRange> ListableRanges => _authorizer!.ListableRanges(Identity);

    /// <summary>Forgets the request before.</summary>
    public void Begin(long timestamp)
    {
        StartedAt = timestamp;
        Id = string.Empty;
        Route = null;
        Repository = default;
        Parameter = string.Empty;
        Identity = Identity.Anonymous;
        Operation = RequestOperation.None;
        Change = null;
        Upload = null;
        Error = null;
        IsGone = false;
        IsCut = false;
        BytesOut = 0;
        Refusal = null;
        Activity = null;
        _authorizer = null;
        _body = null;
    }

    /// <summary>Counts bytes of the body that were sent.</summary>
    public void Report(long value) => BytesOut += value;

    /// <summary>The request was answered, or its client has gone away.</summary>
    public void End() => _body?.End();

    /// <summary>Takes what the path said.</summary>
    public void Match(Route route, RepositoryName repository, string parameter)
    {
        Route = route;
        Operation = route.Operation;
        Repository = repository;
        Parameter = parameter;
    }

    /// <summary>Takes who is asking, and what decides about the other repositories that the request names.</summary>
    public void Identify(Identity identity, Authorizer authorizer)
    {
        Identity = identity;
        _authorizer = authorizer;
    }

    /// <summary>Whether the catalog shows a repository to the caller.</summary>
    public bool MayList(RepositoryName other) => _authorizer!.MayList(Identity, other);

    /// <summary>Whether the caller may pull from a repository, the one of the path or another.</summary>
    public bool MayPull(RepositoryName other) => _authorizer!.MayPull(Identity, other);
}
