using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Registry.Core.Access;
using Registry.Core.Access.Identities;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Mirror.Configuration;
using Registry.Server.Memory;

namespace Registry.Server.Requests;

/// <summary>
/// Request in progress: its parsed path, its caller and its outcome. A connection reuses the object for its next request, so do not keep it
/// beyond the response.
/// </summary>
internal sealed class RequestContext(HttpContext http, BodyWatch? bodies = null) : IProgress<long>, ICaller
{
    private Authorizer? _authorizer;
    private CountingReader? _body;
    private SentBody? _sent;
    private MemoryReservation? _stream;

    /// <summary>Request and response.</summary>
    public HttpContext Http { get; } = http;

    /// <summary>True for the internal first request, by which the process loads its code. It is neither logged nor counted.</summary>
    public bool IsWarmUp { get; init; }

    /// <summary>Id of the request in logs; empty when it is not logged.</summary>
    public string Id { get; set; } = string.Empty;

    /// <summary>Begin of the request, as a timestamp of the clock.</summary>
    public long StartedAt { get; private set; }

    /// <summary>Route of the path; null until it is matched.</summary>
    public Route? Route { get; private set; }

    /// <summary>True for a request of the web interface.</summary>
    public bool IsPage { get; set; }

    /// <summary>Repository that the request names; default for requests without one.</summary>
    public RepositoryName Repository { get; private set; }

    /// <summary>The same with its upstream; null for a repository of this registry.</summary>
    public MirroredName? Mirrored { get; private set; }

    /// <summary>Second repository that the request names; null for requests without one.</summary>
    public RepositoryName? Target { get; private set; }

    /// <summary>Last parameter of the path, or the tag or digest in the query, decoded and unchecked; empty for requests without one.</summary>
    public string Parameter { get; private set; } = string.Empty;

    /// <summary>Caller, as far as it is authenticated.</summary>
    public Identity Identity { get; private set; } = Identity.Anonymous;

    /// <summary>True for a caller on the socket of this machine, which the gate has admitted: it could read the files of the registry as well.</summary>
    public bool IsLocal { get; set; }

    /// <summary>Operation on content. The route sets it; the endpoint may change it.</summary>
    public RequestOperation Operation { get; set; }

    /// <summary>Change made by the request; null without a change, or when the path describes it completely.</summary>
    public ContentChange? Change { get; set; }

    /// <summary>Upload session that the request names, which need not exist; null for other requests.</summary>
    public Guid? Upload { get; set; }

    /// <summary>Error of the response; null for a success.</summary>
    public RegistryError? Error { get; set; }

    /// <summary>True when the client has gone away before the response was complete.</summary>
    public bool IsGone { get; set; }

    /// <summary>True when the response ended before its announced length, because of the client or of the storage.</summary>
    public bool IsCut { get; set; }

    /// <summary>Number of bytes sent of a response body that may end early.</summary>
    public long BytesOut { get; private set; }

    /// <summary>Reason for a refusal by the access gate, as a word; null when the request was admitted.</summary>
    public string? Refusal { get; set; }

    /// <summary>True while the request is counted as active.</summary>
    public bool IsCounted { get; set; }

    /// <summary>Span of the request; null without traces.</summary>
    public Activity? Activity { get; set; }

    /// <summary>Number of received bytes of the request body.</summary>
    public long BytesIn => _body?.Arrived ?? 0;

    /// <summary>True when reading of the request body has begun.</summary>
    public bool IsBodyBegun => _body?.IsBegun == true;

    /// <summary>True when the request body was read to its end.</summary>
    public bool IsBodyCompleted => _body?.IsCompleted == true;

    /// <summary>Name of the user; null for an anonymous caller.</summary>
    public string? User => Identity.Name;

    /// <summary>Origin of the changes that the request makes.</summary>
    public ChangeOrigin Origin => new()
    {
        Source = ChangeSource.Request,
        Actor = User,
        Request = Id.Length == 0 ? null : Id,
        Address = Http.Connection.RemoteIpAddress?.ToString(),
        Client = Request.Headers.UserAgent.ToString(),
        IsAdmin = _authorizer?.IsAdmin(Identity) == true,
    };

    /// <summary>Caller to which memory is charged.</summary>
    public MemoryHolder MemoryHolder => new(User, Network);

    public HttpRequest Request => Http.Request;

    public HttpResponse Response => Http.Response;

    /// <summary>Counts received bytes of the request body; null for none.</summary>
    public Action<long>? Received { get; set; }

    /// <summary>Body of the request, counted as it is read.</summary>
    public CountingReader Body => _body ??= new CountingReader(Http.Request.BodyReader, bodies, _stream, Received);

    /// <summary>Network of the client, which a trusted proxy may have forwarded.</summary>
    public ClientNetwork Network => ClientNetwork.Of(Http.Connection.RemoteIpAddress);

    /// <summary>Response body that waits for its client, on a stream of HTTP/2; null with HTTP/1.1, whose connection is watched as a whole.</summary>
    public SentBody? Sent => IsStream ? _sent ??= bodies?.Watch(Http, _stream) : null;

    /// <summary>True on a stream of HTTP/2, whose client decides by its window when the response is sent.</summary>
    public bool IsStream => HttpProtocol.IsHttp2(Request.Protocol);

    /// <summary>Memory of a stream of HTTP/2; null with HTTP/1.1, and when the stream was refused.</summary>
    public MemoryReservation? Stream => _stream;

    /// <summary>True when so much memory of connections is in use that requests should hold little.</summary>
    public bool IsCrowded => bodies is { IsCrowded: true };

    /// <summary>Cancelled when the client goes away.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>Part of the origin of changes that the caller may see.</summary>
    public OriginDetail OriginDetail => _authorizer!.OriginsFor(Identity);

    /// <inheritdoc cref="Authorizer.SeesWholeRegistry"/>
    public bool SeesWholeRegistry => _authorizer!.SeesWholeRegistry(Identity);

    /// <summary>True if the caller may maintain the whole registry; false before the caller is known.</summary>
    public bool MayMaintain => _authorizer?.Decide(Identity, Permission.Maintain, default) == Verdict.Allowed;

    /// <inheritdoc cref="Authorizer.MayListAny"/>
    public bool MayListAny => _authorizer!.MayListAny(Identity);

    /// <summary>Ranges of the repositories that the catalog shows to the caller.</summary>
    public IReadOnlyList<RepositoryRange> ListableRanges => _authorizer!.ListableRanges(Identity);

    /// <summary>Resets the object for the next request.</summary>
    public void Begin(long timestamp)
    {
        StartedAt = timestamp;
        Id = string.Empty;
        Route = null;
        IsPage = false;
        Repository = default;
        Mirrored = null;
        Target = null;
        Parameter = string.Empty;
        Identity = Identity.Anonymous;
        IsLocal = false;
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
        _sent = null;
        _stream = null;
    }

    /// <summary>Reserves the memory of a stream of HTTP/2 until the end of the request. Waits for a few seconds when nothing is left.</summary>
    /// <returns>Null when it is reserved; otherwise the error, whose response must not wait for the client's window.</returns>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public async ValueTask<RegistryError?> HoldStreamAsync(MemoryBudget streams)
    {
        // Before the caller is authenticated, its network stands for it.
        var stream = streams.Open(new MemoryHolder(null, Network));
        if (!stream.TryAdd(RequestMemory.Stream) && await stream.AddAsync(RequestMemory.Stream, Aborted) is { } refused)
        {
            stream.Dispose();
            return refused;
        }

        _stream = stream;
        return null;
    }

    /// <summary>
    /// Gives the calling method, and what it calls, the turns of the client's network in the queues of the storage. For requests that leave the memory of the
    /// registry: it costs an allocation.
    /// </summary>
    public void TakeTurns() => CurrentCaller.Network = Network;

    /// <summary>Counts sent bytes of the response body.</summary>
    public void Report(long value) => BytesOut += value;

    /// <summary>Ends the request: it was answered, or its client has gone away. On a stream of HTTP/2, the end of the response may still wait for the client.</summary>
    public void End()
    {
        _body?.End();
        if (_stream is not null)
        {
            Sent?.Wait();
        }
    }

    /// <summary>The server has sent the response.</summary>
    public void Release()
    {
        if (_sent is { } sent)
        {
            bodies!.Remove(sent);
            sent.End();
            _sent = null;
        }

        _stream?.Dispose();
        _stream = null;
    }

    /// <summary>Sets the result of matching the request.</summary>
    public void Match(Route route, RepositoryName repository, string parameter, RepositoryName? target = null)
    {
        Target = target;
        Route = route;
        Operation = route.Operation;
        Repository = repository;
        Parameter = parameter;
    }

    /// <summary>Changes the repository of the matched request to the one that its name means.</summary>
    public void Map(RepositoryName repository, MirroredName? mirrored)
    {
        Repository = repository;
        Mirrored = mirrored;
    }

    /// <summary>Sets the caller, and the access decision for other repositories that the request names.</summary>
    public void Identify(Identity identity, Authorizer authorizer)
    {
        Identity = identity;
        _authorizer = authorizer;
    }

    /// <summary>True when the catalog shows a repository to the caller.</summary>
    public bool MayList(RepositoryName other) => _authorizer!.MayList(Identity, other);

    /// <summary>True when the caller may push to a repository.</summary>
    public bool MayPush(RepositoryName other) => _authorizer!.Decide(Identity, Permission.Push, other) == Verdict.Allowed;

    /// <summary>True when the caller is one of those who push to the repository of the request. No client pushes to a mirrored one.</summary>
    public bool IsPusher => Mirrored is null && _authorizer!.IsPusher(Identity, Repository);

    /// <summary>True when the caller may delete from a repository.</summary>
    public bool MayDelete(RepositoryName other) => _authorizer!.Decide(Identity, Permission.Delete, other) == Verdict.Allowed;

    /// <summary>True when pages offer the caller to set tags of the repository of the request. No user sets those of a mirrored one.</summary>
    public bool OffersPush => Mirrored is null && MayPush(Repository);

    /// <summary>True when pages offer the caller to delete from the repository of the request. What is mirrored goes by the mirror alone.</summary>
    public bool OffersDeletion => Mirrored is null && MayDelete(Repository);

    /// <summary>True when the caller may pull from a repository, in the path or not.</summary>
    public bool MayPull(RepositoryName other) => _authorizer!.MayPull(Identity, other);
}
