using System.Globalization;
using Microsoft.Extensions.Logging;
using Registry.Server.Http;
using Registry.Server.Requests;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Telemetry;

/// <summary>
/// Logs every request: at the level debug, or as an access log at any level. Lines contain no credentials: of the headers, only User-Agent,
/// Range and Content-Range; of the query, only parameters that are known to hold no secret.
/// </summary>
internal sealed class RequestLog(ILogger<RequestLog> logger, bool isAccessLog = false)
{
    private static readonly EventId RequestEvent = new(1, "request");

    private readonly LogLevel _level = isAccessLog ? LogLevel.Information : LogLevel.Debug;

    /// <summary>True when requests are logged.</summary>
    public bool IsEnabled => logger.IsEnabled(_level);

    /// <summary>Logs a completed request.</summary>
    public void Write(RequestContext request, TimeSpan duration, long sent)
    {
        if (!IsEnabled)
        {
            return;
        }

        var http = request.Http;
        var path = RequestFields.Bounded(RequestTarget.Path(http), RequestFields.MaxPath);
        var query = RequestFields.Query(http);
        var agent = RequestFields.Bounded(http.Request.Headers.UserAgent.ToString(), RequestFields.MaxHeader);
        var range = RequestFields.Bounded(http.Request.Headers.Range.ToString(), RequestFields.MaxHeader);
        var contentRange = RequestFields.Bounded(http.Request.Headers.ContentRange.ToString(), RequestFields.MaxHeader);
        var milliseconds = Math.Round(duration.TotalMilliseconds, 3);
        var outcome = request.IsGone ? "the client has gone away" : request.Error?.ToString() ?? http.Response.StatusCode.ToString(CultureInfo.InvariantCulture);
        var record = new LogRecord
        {
            Text = string.Create(
                CultureInfo.InvariantCulture,
                $"{http.Request.Method} {path}{(query.Length == 0 ? "" : $"?{query}")} -> {outcome}; {milliseconds} ms, {request.BytesIn} B in, {sent} B out{(range.Length == 0 ? "" : $", range {range}")}{(contentRange.Length == 0 ? "" : $", content range {contentRange}")}, {RequestFields.Caller(request)}, {(agent.Length == 0 ? "no agent" : agent)} (request {request.Id})"),
        };
        record.Add("event", RequestEvent.Name).Add("requestId", request.Id).Add("traceId", request.Activity?.TraceId.ToHexString()).AddCaller(request)
            .Add("action", request.Route is { } route ? OperationNames.Of(route.Permission) : null).Add("operation", OperationNames.Of(request.Operation))
            .Add("repository", request.Repository.Value).Add("reference", RequestFields.Reference(request)).Add("digest", RequestFields.Digest(request))
            .Add("method", http.Request.Method).Add("path", path).Add("query", query).Add("range", range).Add("contentRange", contentRange)
            .Add("status", request.IsGone ? null : http.Response.StatusCode)
            .Add("error", request.IsGone ? "CLIENT_GONE" : request.Error?.Code.Code).Add("bytesIn", request.BytesIn).Add("bytesOut", sent)
            .Add("durationMs", milliseconds).Add("userAgent", agent);
        logger.Log(_level, RequestEvent, record, null, static (line, _) => line.Text);
    }
}
