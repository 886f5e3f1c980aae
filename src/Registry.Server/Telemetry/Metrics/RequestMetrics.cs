using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Registry.Core.Storage;
using Registry.Server.Pipeline;
using Registry.Server.Routing;

namespace Registry.Server.Telemetry.Metrics;

/// <summary>
/// Metrics of requests. No label holds a repository, tag, user or address: clients choose these, so the number of series would be unbounded.
/// </summary>
internal static class RequestMetrics
{
    // Bounds of the semantic conventions, plus smaller ones for responses from memory and larger ones for layers.
    private static readonly InstrumentAdvice<double> RequestTimes = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300],
    };

    // Boxed once: the value of a label is an object.
    private static readonly object[] Statuses = [.. Enumerable.Range(0, 600).Select(status => (object)status)];

    private static readonly Meter Meter = new(StorageMetrics.Name);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "http.server.request.duration", "s", "Duration of requests, from their head to the end of the response.", advice: RequestTimes);

    private static readonly UpDownCounter<long> Active = Meter.CreateUpDownCounter<long>(
        "http.server.active_requests", "{request}", "Requests that are being answered.");

    private static readonly Counter<long> Pulls = Meter.CreateCounter<long>(
        "registry.pulls", "{pull}", "Pulled manifests and blobs, including parts of blobs.");

    private static readonly Counter<long> Pushes = Meter.CreateCounter<long>("registry.pushes", "{push}", "Pushed manifests and blobs.");

    private static readonly Counter<long> Mounts = Meter.CreateCounter<long>(
        "registry.mounts", "{mount}", "Blobs linked from another repository instead of being pushed.");

    private static readonly Counter<long> Deletes = Meter.CreateCounter<long>("registry.deletes", "{delete}", "Deleted manifests, tags and blobs.");

    private static readonly Counter<long> BytesIn = Meter.CreateCounter<long>("registry.received", "By", "Bytes of request bodies, counted as they arrive.");

    private static readonly Counter<long> BytesOut = Meter.CreateCounter<long>(
        "registry.sent", "By", "Bytes of response bodies, including responses that ended early.");

    private static readonly Counter<long> Refusals = Meter.CreateCounter<long>(
        "registry.auth.failures", "{failure}", "Refused requests by reason: authentication or access rules.");

    private static readonly Counter<long> Gone = Meter.CreateCounter<long>(
        "registry.clients.gone", "{request}", "Requests whose client went away before the response was complete.");

    private static readonly Counter<long> Lost = Meter.CreateCounter<long>(
        "registry.connections.lost", "{connection}", "Broken connections that the HTTP server reported as errors.");

    private static readonly KeyValuePair<string, object?> Manifest = new("registry.content", "manifest");
    private static readonly KeyValuePair<string, object?> Blob = new("registry.content", "blob");
    private static readonly KeyValuePair<string, object?> Tag = new("registry.content", "tag");

    // Reasons of AccessGate.
    private static readonly string[] Reasons = ["no_credentials", "bad_credentials", "insufficient_scope", "denied", "busy"];

    /// <summary>Creates the series of every counter before its first increase, so that a scraper sees the increase.</summary>
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

    /// <summary>Counts a broken connection that the HTTP server reported as an error.</summary>
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
