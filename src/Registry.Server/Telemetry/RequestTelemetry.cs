using System.Globalization;
using Microsoft.AspNetCore.Http;
using Registry.Server.Pipeline;

namespace Registry.Server.Telemetry;

/// <summary>Logs, counts and traces a request, from its first to its last step. A pull costs next to nothing unless a log or a trace asks for it.</summary>
internal sealed class RequestTelemetry(TimeProvider time, RequestLog log, AuditLog audit)
{
    private const string RequestIdHeader = "X-Request-Id";
    private const int MaxRequestIdLength = 64;

    /// <summary>The request begins.</summary>
    public void Begin(RequestContext request)
    {
        request.Begin(time.GetTimestamp());
        if (request.IsWarmUp)
        {
            return;
        }

        RequestMetrics.Begin(request);
        RequestTraces.Begin(request);
        var given = request.Request.Headers[RequestIdHeader];
        if (given.Count == 1 && IsRequestId(given[0]))
        {
            SetId(request, given[0]!);
        }
        else if (log.IsEnabled || RequestTraces.IsEnabled || !IsRead(request.Request.Method))
        {
            Name(request);
        }
    }

    /// <summary>Gives the request an id, if it has none, and tells the client.</summary>
    public static string Name(RequestContext request)
    {
        if (request.Id.Length == 0)
        {
            SetId(request, Random.Shared.NextInt64().ToString("x16", CultureInfo.InvariantCulture));
        }

        return request.Id;
    }

    /// <summary>The request was answered, or its client has gone away.</summary>
    public void End(RequestContext request)
    {
        if (request.IsWarmUp)
        {
            return;
        }

        var duration = time.GetElapsedTime(request.StartedAt);
        var sent = SentBytes(request);
        RequestMetrics.End(request, duration, sent);
        audit.Write(request);
        log.Write(request, duration, sent);
        RequestTraces.End(request);
    }

    // Every body has its length. What is counted while it is sent is as much as the connection took, which may be a little more than arrived.
    private static long SentBytes(RequestContext request) => HttpMethods.IsHead(request.Request.Method) ? 0
        : request.IsCut ? request.BytesOut
        : request.Response.ContentLength ?? 0;

    private static void SetId(RequestContext request, string id)
    {
        request.Id = id;
        if (!request.Response.HasStarted)
        {
            request.Response.Headers[RequestIdHeader] = id;
        }
    }

    private static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    // Whatever else a client sends would be a way to write into the log.
    private static bool IsRequestId(string? text) =>
        text is { Length: > 0 and <= MaxRequestIdLength } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
