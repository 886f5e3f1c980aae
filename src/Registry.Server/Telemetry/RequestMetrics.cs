using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Registry.Core.Storage;
using Registry.Server.Pipeline;
using Registry.Server.Routing;

namespace Registry.Server.Telemetry;

/// <summary>
/// What requests are counted by. No label has a repository, a tag, a user or an address: what clients choose would be without bound.
/// </summary>
internal static class RequestMetrics
{
    // Those of the semantic conventions, and smaller ones for answers from memory and larger ones for layers.
    private static readonly InstrumentAdvice<double> RequestTimes = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300],
    };

    // Boxed once: a status in a label is an object.
    private static readonly object[] Statuses = [.. Enumerable.Range(0, 600).Select(status => (object)status)];

    private static readonly Meter Meter = new(StorageMetrics.Name);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "http.server.request.duration", "s", "Duration of requests, from their head to the end of the answer.", advice: RequestTimes);

    private static readonly UpDownCounter<long> Active = Meter.CreateUpDownCounter<long>(
        "http.server.active_requests", "{request}", "Requests that are being answered.");

    private static readonly Counter<long> Pulls = Meter.CreateCounter<long>(
        "registry.pulls", "{pull}", "Manifests and blobs that were pulled, parts of blobs included.");

    private static readonly Counter<long> Pushes = Meter.CreateCounter<long>("registry.pushes", "{push}", "Manifests and blobs that were pushed.");

    private static readonly Counter<long> Mounts = Meter.CreateCounter<long>(
        "registry.mounts", "{mount}", "Blobs that were taken over from another repository instead of being pushed.");

    private static readonly Counter<long> Deletes = Meter.CreateCounter<long>("registry.deletes", "{delete}", "Manifests, tags and blobs that were deleted.");

    private static readonly Counter<long> BytesIn = Meter.CreateCounter<long>("registry.received", "By", "Bytes of bodies that were taken, as they arrive.");

    private static readonly Counter<long> BytesOut = Meter.CreateCounter<long>(
        "registry.sent", "By", "Bytes of bodies of answers, those that ended early included.");

    private static readonly Counter<long> Refusals = Meter.CreateCounter<long>(
        "registry.auth.failures", "{failure}", "Requests that were not let in, by reason.");

    private static readonly Counter<long> Gone = Meter.CreateCounter<long>(
        "registry.clients.gone", "{request}", "Requests whose client went away before the answer was complete.");

    private static readonly Counter<long> Lost = Meter.CreateCounter<long>(
        "registry.connections.lost", "{connection}", "Connections that broke off where the HTTP server took it for an error.");

    private static readonly KeyValuePair<string, object?> Manifest = new("registry.content", "manifest");
    private static readonly KeyValuePair<string, object?> Blob = new("registry.content", "blob");
    private static readonly KeyValuePair<string, object?> Tag = new("registry.content", "tag");

    // Those of AccessGate.
    private static readonly string[] Reasons = ["no_credentials", "bad_credentials", "insufficient_scope", "denied", "busy"];

    /// <summary>Gives every counter its series before there is something to count, so that the first increase is seen as one.</summary>
    public static void BeginAtZero()
    {
        Pulls.Add(0, Manifest);
        Pulls.Add(0, Blob);
        Pushes.Add(0, Manifest);
        Pushes.Add(0, Blob);
        Mounts.Add(0);
        Deletes.Add(0, Manifest);
        Deletes.Add(0, Tag);
        Deletes.Add(0, Blob);
        BytesIn.Add(0);
        BytesOut.Add(0);
        Gone.Add(0);
        Lost.Add(0);
        foreach (var reason in Reasons)
        {
            Refusals.Add(0, new KeyValuePair<string, object?>("registry.reason", reason));
        }
    }

    public static void Begin(RequestContext request)
    {
        request.IsCounted = Active.Enabled;
        if (request.IsCounted)
        {
            Active.Add(1, Method(request), Scheme(request));
        }
    }

    public static void Received(long bytes) => BytesIn.Add(bytes);

    /// <summary>A connection broke off, and the HTTP server has told of it as of an error of its own.</summary>
    public static void ConnectionLost() => Lost.Add(1);

    public static void End(RequestContext request, TimeSpan duration, long sent)
    {
        if (request.IsCounted)
        {
            Active.Add(-1, Method(request), Scheme(request));
        }

        BytesOut.Add(sent);
        if (request.IsGone)
        {
            Gone.Add(1);
        }

        if (request.Refusal is { } refusal)
        {
            Refusals.Add(1, new KeyValuePair<string, object?>("registry.reason", refusal));
        }

        if (request.Error is null && !request.IsGone)
        {
            Count(request);
        }

        if (Duration.Enabled)
        {
            var status = request.Response.StatusCode;
            var tags = new TagList { Method(request), Scheme(request) };
            if (!request.IsGone)
            {
                tags.Add("http.response.status_code", status is >= 0 and < 600 ? Statuses[status] : status);
            }

            if (request.Route is { } route)
            {
                tags.Add("http.route", route.Template);
            }

            if (request.IsGone || status >= StatusCodes.Status500InternalServerError)
            {
                tags.Add("error.type", request.IsGone ? "client_gone" : request.Error?.Code.Code);
            }

            Duration.Record(duration.TotalSeconds, in tags);
        }
    }

    private static void Count(RequestContext request)
    {
        switch (request.Operation)
        {
            case RequestOperation.PullManifest when HasContent(request):
                Pulls.Add(1, Manifest);
                break;
            case RequestOperation.PullBlob when HasContent(request):
                Pulls.Add(1, Blob);
                break;
            case RequestOperation.PushManifest:
                Pushes.Add(1, Manifest);
                break;
            case RequestOperation.PushBlob:
                Pushes.Add(1, Blob);
                break;
            case RequestOperation.MountBlob:
                Mounts.Add(1);
                break;
            case RequestOperation.DeleteManifest:
                Deletes.Add(1, Manifest);
                break;
            case RequestOperation.DeleteTag:
                Deletes.Add(1, Tag);
                break;
            case RequestOperation.DeleteBlob:
                Deletes.Add(1, Blob);
                break;
        }
    }

    private static bool HasContent(RequestContext request) => request.Response.StatusCode != StatusCodes.Status304NotModified;

    private static KeyValuePair<string, object?> Scheme(RequestContext request) => new("url.scheme", request.Request.Scheme);

    // Other words would make a series each.
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
