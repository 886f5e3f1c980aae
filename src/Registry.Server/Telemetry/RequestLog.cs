using System.Globalization;
using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Server.Http;
using Registry.Server.Pipeline;
using Registry.Server.Routing;

namespace Registry.Server.Telemetry;

/// <summary>
/// The lines of the log that are about requests: one for every request at the level debug, one for every change of what is stored at the
/// level info. Neither has a header but User-Agent, nor a query string: what is secret is in those.
/// </summary>
internal sealed class RequestLog(ILogger<RequestLog> logger)
{
    private const int MaxPath = 1024;
    private const int MaxReference = 160;
    private const int MaxUserAgent = 128;

    private static readonly EventId RequestEvent = new(1, "request");
    private static readonly EventId AuditEvent = new(2, "audit");

    /// <summary>Whether every request gets its line.</summary>
    public bool IsEnabled => logger.IsEnabled(LogLevel.Debug);

    /// <summary>Writes what there is to say about a request that has ended.</summary>
    public void Write(RequestContext request, TimeSpan duration, long sent)
    {
        if (IsChange(request) && logger.IsEnabled(LogLevel.Information))
        {
            WriteAudit(request);
        }

        if (IsEnabled)
        {
            WriteRequest(request, duration, sent);
        }
    }

    // A push by somebody without credentials is how clients find out that they need some; a client that has gone away was promised nothing.
    private static bool IsChange(RequestContext request) => !request.IsGone && request.Error?.Code != RegistryErrorCode.Unauthorized
        && request.Operation switch
        {
            RequestOperation.None or RequestOperation.PullBlob or RequestOperation.PullManifest => false,
            RequestOperation.BeginUpload => request.Error is not null,
            _ => true,
        };

    private static string Caller(RequestContext request) => $"{request.User ?? "nobody"} from {request.Http.Connection.RemoteIpAddress}";

    private static string? Reference(RequestContext request) => request.Operation is RequestOperation.BeginUpload or RequestOperation.PushBlob
        || IsDigest(request.Parameter) ? null : Bounded(request.Parameter, MaxReference);

    private static string? Digest(RequestContext request)
    {
        var told = request.Response.Headers["Docker-Content-Digest"].ToString();
        return told.Length > 0 ? told : IsDigest(request.Parameter) ? Bounded(request.Parameter, MaxReference) : null;
    }

    private static bool IsDigest(string parameter) => Core.Oci.Digest.LooksLikeDigest(parameter);

    private static string Bounded(string text, int length) => text.Length <= length ? text : $"{text[..length]}…";

    private void WriteAudit(RequestContext request)
    {
        var operation = OperationNames.Of(request.Operation);
        var reference = Reference(request);
        var digest = Digest(request);
        var tags = request.Response.Headers["OCI-Tag"].ToString();
        var outcome = request.Error?.Code.Code ?? "done";
        var record = new LogRecord
        {
            Text = $"audit: {operation} {request.Repository}{(string.IsNullOrEmpty(reference) ? string.Empty : $":{reference}")}{(digest is null ? string.Empty : $"@{digest}")}"
                + $"{(tags.Length == 0 ? string.Empty : $" as {tags}")} by {Caller(request)}: {outcome} (request {request.Id})",
        };
        record.Add("event", AuditEvent.Name).Add("requestId", request.Id).Add("remoteAddress", request.Http.Connection.RemoteIpAddress?.ToString())
            .Add("user", request.User).Add("operation", operation).Add("repository", request.Repository.Value).Add("reference", reference)
            .Add("digest", digest).Add("tags", tags).Add("outcome", outcome).Add("status", request.Response.StatusCode);
        Write(LogLevel.Information, AuditEvent, record);
    }

    private void WriteRequest(RequestContext request, TimeSpan duration, long sent)
    {
        var http = request.Http;
        var path = Bounded(RequestTarget.Path(http), MaxPath);
        var agent = Bounded(http.Request.Headers.UserAgent.ToString(), MaxUserAgent);
        var milliseconds = Math.Round(duration.TotalMilliseconds, 3);
        var outcome = request.IsGone ? "the client has gone away" : request.Error?.ToString() ?? http.Response.StatusCode.ToString(CultureInfo.InvariantCulture);
        var record = new LogRecord
        {
            Text = string.Create(
                CultureInfo.InvariantCulture,
                $"{http.Request.Method} {path} -> {outcome}; {milliseconds} ms, {request.BytesIn} B in, {sent} B out, {Caller(request)}, {(agent.Length == 0 ? "no agent" : agent)} (request {request.Id})"),
        };
        record.Add("event", RequestEvent.Name).Add("requestId", request.Id).Add("traceId", request.Activity?.TraceId.ToHexString())
            .Add("remoteAddress", http.Connection.RemoteIpAddress?.ToString()).Add("user", request.User)
            .Add("action", request.Route is { } route ? OperationNames.Of(route.Permission) : null).Add("operation", OperationNames.Of(request.Operation))
            .Add("repository", request.Repository.Value).Add("reference", Reference(request)).Add("digest", Digest(request))
            .Add("method", http.Request.Method).Add("path", path).Add("status", request.IsGone ? null : http.Response.StatusCode)
            .Add("error", request.IsGone ? "CLIENT_GONE" : request.Error?.Code.Code).Add("bytesIn", request.BytesIn).Add("bytesOut", sent)
            .Add("durationMs", milliseconds).Add("userAgent", agent);
        Write(LogLevel.Debug, RequestEvent, record);
    }

    private void Write(LogLevel level, EventId eventId, LogRecord record) =>
        logger.Log(level, eventId, record, null, static (line, _) => line.Text);
}
