using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Registry.Server.Requests;

namespace Registry.Server.Telemetry.Metrics;

/// <summary>
/// Metrics of requests. No label holds a repository, tag, user or address: clients choose these, so the number of series would be unbounded.
/// </summary>
internal sealed class RequestMetrics
{
    // Bounds of the semantic conventions, plus smaller ones for responses from memory and larger ones for layers.
    private static readonly InstrumentAdvice<double> RequestTimes = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300],
    };

    // Boxed once: the value of a label is an object.
    private static readonly object[] Statuses = [.. Enumerable.Range(0, 600).Select(status => (object)status)];

    private static readonly KeyValuePair<string, object?> Manifest = new("registry.content", "manifest");
    private static readonly KeyValuePair<string, object?> Blob = new("registry.content", "blob");
    private static readonly KeyValuePair<string, object?> Tag = new("registry.content", "tag");

    // Reasons of AccessGate.
    private static readonly string[] Reasons = ["no_credentials", "bad_credentials", "insufficient_scope", "denied", "busy"];

    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _active;
    private readonly Counter<long> _pulls;
    private readonly Counter<long> _pushes;
    private readonly Counter<long> _mounts;
    private readonly Counter<long> _deletes;
    private readonly Counter<long> _restores;
    private readonly Counter<long> _purges;
    private readonly Counter<long> _renamedRepositories;
    private readonly Counter<long> _deletedRepositories;
    private readonly Counter<long> _bytesIn;
    private readonly Counter<long> _bytesOut;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _gone;
    private readonly Counter<long> _lost;

    public RequestMetrics(Meter meter)
    {
        _duration = meter.CreateHistogram(
            "http.server.request.duration", "s", "Duration of requests, from their head to the end of the response.", advice: RequestTimes);
        _active = meter.CreateUpDownCounter<long>(
            "http.server.active_requests", "{request}", "Requests that are being answered.");
        _pulls = meter.CreateCounter<long>(
            "registry.pulls", "{pull}", "Pulled manifests and blobs, including parts of blobs.");
        _pushes = meter.CreateCounter<long>("registry.pushes", "{push}", "Pushed manifests and blobs.");
        _mounts = meter.CreateCounter<long>(
            "registry.mounts", "{mount}", "Blobs linked from another repository instead of being pushed.");
        _deletes = meter.CreateCounter<long>("registry.deletes", "{delete}", "Deleted manifests, tags and blobs.");
        _restores = meter.CreateCounter<long>("registry.trash.restores", "{manifest}", "Deleted manifests that were restored from the trash.");
        _purges = meter.CreateCounter<long>("registry.trash.purges", "{manifest}", "Deleted manifests that requests removed from the trash for good.");
        _renamedRepositories = meter.CreateCounter<long>("registry.repositories.renamed", "{repository}", "Repositories that got another name.");
        _deletedRepositories = meter.CreateCounter<long>("registry.repositories.deleted", "{repository}", "Repositories that were deleted as a whole.");
        _bytesIn = meter.CreateCounter<long>("registry.received", "By", "Bytes of request bodies, counted as they arrive.");
        _bytesOut = meter.CreateCounter<long>(
            "registry.sent", "By", "Bytes of response bodies, including responses that ended early.");
        _refusals = meter.CreateCounter<long>(
            "registry.auth.failures", "{failure}", "Refused requests by reason: authentication or access rules.");
        _gone = meter.CreateCounter<long>(
            "registry.clients.gone", "{request}", "Requests whose client went away before the response was complete.");
        _lost = meter.CreateCounter<long>(
            "registry.connections.lost", "{connection}", "Broken connections that the HTTP server reported as errors.");
    }

    /// <summary>Creates the series of every counter before its first increase, so that a scraper sees the increase.</summary>
    public void BeginAtZero()
    {
        _pulls.Add(0, Manifest);
        _pulls.Add(0, Blob);
        _pushes.Add(0, Manifest);
        _pushes.Add(0, Blob);
        _mounts.Add(0);
        _deletes.Add(0, Manifest);
        _deletes.Add(0, Tag);
        _deletes.Add(0, Blob);
        _restores.Add(0);
        _purges.Add(0);
        _renamedRepositories.Add(0);
        _deletedRepositories.Add(0);
        _bytesIn.Add(0);
        _bytesOut.Add(0);
        _gone.Add(0);
        _lost.Add(0);
        foreach (var reason in Reasons)
        {
            _refusals.Add(0, new KeyValuePair<string, object?>("registry.reason", reason));
        }
    }

    public void Begin(RequestContext request)
    {
        request.IsCounted = _active.Enabled;
        if (request.IsCounted)
        {
            _active.Add(1, Method(request), Scheme(request));
        }
    }

    public void Received(long bytes) => _bytesIn.Add(bytes);

    /// <summary>Counts a broken connection that the HTTP server reported as an error.</summary>
    public void ConnectionLost() => _lost.Add(1);

    public void End(RequestContext request, TimeSpan duration, long sent)
    {
        if (request.IsCounted)
        {
            _active.Add(-1, Method(request), Scheme(request));
        }

        _bytesOut.Add(sent);
        if (request.IsGone)
        {
            _gone.Add(1);
        }

        if (request.Refusal is { } refusal)
        {
            _refusals.Add(1, new KeyValuePair<string, object?>("registry.reason", refusal));
        }

        if (request.Error is null && !request.IsGone)
        {
            Count(request);
        }

        if (_duration.Enabled)
        {
            var status = request.Response.StatusCode;
            var tags = new TagList { Method(request), Scheme(request) };
            if (!request.IsGone)
            {
                tags.Add("http.response.status_code", status is >= 0 and < 600 ? Statuses[status] : status);
            }

            if (request.Route is { } route)
            {
                tags.Add("http.route", route.Path);
            }

            if (request.IsGone || status >= StatusCodes.Status500InternalServerError)
            {
                tags.Add("error.type", request.IsGone ? "client_gone" : request.Error?.Code.Code);
            }

            _duration.Record(duration.TotalSeconds, in tags);
        }
    }

    private void Count(RequestContext request)
    {
        switch (request.Operation)
        {
            case RequestOperation.PullManifest when HasContent(request):
                _pulls.Add(1, Manifest);
                break;
            case RequestOperation.PullBlob when HasContent(request):
                _pulls.Add(1, Blob);
                break;
            case RequestOperation.PushManifest:
                _pushes.Add(1, Manifest);
                break;
            case RequestOperation.PushBlob:
                _pushes.Add(1, Blob);
                break;
            case RequestOperation.MountBlob:
                _mounts.Add(1);
                break;
            case RequestOperation.DeleteManifest:
                _deletes.Add(Done(request), Manifest);
                break;
            case RequestOperation.DeleteTag:
                _deletes.Add(Done(request), Tag);
                break;
            case RequestOperation.DeleteBlob:
                _deletes.Add(1, Blob);
                break;
            case RequestOperation.RestoreManifest:
                _restores.Add(1);
                break;
            case RequestOperation.RestoreRepository:
                _restores.Add(request.Change?.Manifests ?? 0);
                break;
            case RequestOperation.PurgeManifest:
                _purges.Add(1);
                break;
            case RequestOperation.RenameRepository:
                _renamedRepositories.Add(1);
                break;
            case RequestOperation.DeleteRepository:
                _deletedRepositories.Add(1);
                break;
        }
    }

    private static long Done(RequestContext request) => request.Change?.Parts is { Count: > 0 } parts ? parts.Count(part => part.Error is null) : 1;

    private static bool HasContent(RequestContext request) => request.Response.StatusCode != StatusCodes.Status304NotModified;

    private static KeyValuePair<string, object?> Scheme(RequestContext request) => new("url.scheme", request.Request.Scheme);

    // Each other method would create a series.
    private static KeyValuePair<string, object?> Method(RequestContext request) => new("http.request.method", request.Request.Method switch
    {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    });
}
