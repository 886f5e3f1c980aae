using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Registry.Core.Storage;
using Registry.Server.Http;
using Registry.Server.Requests;

namespace Registry.Server.Telemetry;

/// <summary>Creates a span for each request, as a child of the client's span (W3C Trace Context). Creates none unless traces are exported.</summary>
internal static class RequestTraces
{
    public static bool IsEnabled => StorageMetrics.Activities.HasListeners();

    public static void Begin(RequestContext request)
    {
        if (!IsEnabled)
        {
            return;
        }

        var headers = request.Request.Headers;
        ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out var parent);
        request.Activity = StorageMetrics.Activities.StartActivity(request.Request.Method, ActivityKind.Server, parent);
    }

    public static void End(RequestContext request)
    {
        if (request.Activity is not { } activity)
        {
            return;
        }

        if (request.Route is { } route)
        {
            activity.DisplayName = $"{route.Method} {route.Path}";
            activity.SetTag("http.route", route.Path);
        }

        activity.SetTag("http.request.method", request.Request.Method);
        activity.SetTag("url.path", RequestTarget.Path(request.Http));
        activity.SetTag("url.scheme", request.Request.Scheme);
        activity.SetTag("client.address", request.Http.Connection.RemoteIpAddress?.ToString());
        activity.SetTag("user_agent.original", request.Request.Headers.UserAgent.ToString());
        activity.SetTag("registry.request_id", request.Id);
        activity.SetTag("registry.operation", OperationNames.Of(request.Operation));
        if (!request.IsGone)
        {
            activity.SetTag("http.response.status_code", request.Response.StatusCode);
        }

        if (request.IsGone || request.Response.StatusCode >= StatusCodes.Status500InternalServerError)
        {
            activity.SetTag("error.type", request.IsGone ? "client_gone" : request.Error?.Code.Code);
            activity.SetStatus(ActivityStatusCode.Error);
        }

        activity.Dispose();
    }
}
