using Microsoft.AspNetCore.Http;
using Registry.Server.Http;
using Registry.Server.Requests;
using Registry.Server.Telemetry.Metrics;

namespace Registry.Server.Telemetry;

/// <summary>Logs, counts and traces a request, from its first to its last step. Costs almost nothing for a pull without log and trace.</summary>
internal sealed class RequestTelemetry(TimeProvider time, RequestLog log, AuditLog audit, RequestMetrics metrics)
{
    private readonly Action<long> _received = metrics.Received;

    /// <summary>Records the begin of a request.</summary>
    public void Begin(RequestContext request)
    {
        request.Begin(time.GetTimestamp());
        if (request.IsWarmUp)
        {
            return;
        }

        request.Received = _received;
        metrics.Begin(request);
        RequestTraces.Begin(request);
        if (RequestId.Given(request.Request.Headers) is { } given)
        {
            SetId(request, given);
        }
        else if (log.IsEnabled || RequestTraces.IsEnabled || !IsRead(request.Request.Method))
        {
            Name(request);
        }
    }

    /// <summary>Assigns an id to the request, if it has none, and adds it to the response.</summary>
    public static string Name(RequestContext request)
    {
        if (request.Id.Length == 0)
        {
            SetId(request, RequestId.Create());
        }

        return request.Id;
    }

    /// <summary>Records the end of a request: it was answered, or its client has gone away.</summary>
    public void End(RequestContext request)
    {
        if (request.IsWarmUp)
        {
            return;
        }

        var duration = time.GetElapsedTime(request.StartedAt);
        var sent = SentBytes(request);
        metrics.End(request, duration, sent);
        audit.Write(request);
        log.Write(request, duration, sent);
        RequestTraces.End(request);
    }

    // Every response body has a known length, except pages, which are counted while they are sent. The count while sending is what the connection accepted, which may be slightly more than arrived.
    private static long SentBytes(RequestContext request) => HttpMethods.IsHead(request.Request.Method) ? 0
        : request.IsCut ? request.BytesOut
        : request.Response.ContentLength ?? request.BytesOut;

    private static void SetId(RequestContext request, string id)
    {
        request.Id = id;
        if (!request.Response.HasStarted)
        {
            request.Response.Headers[RequestId.Header] = id;
        }
    }

    private static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);
}
