using System.Data.Common;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Mirror;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Requests;
using Registry.Server.Routing;
using Registry.Server.Telemetry;
using Registry.Server.Telemetry.Logs;
using Registry.Storage.Files;

namespace Registry.Server.Pipeline;

/// <summary>
/// Pipeline of every request: match → map to a repository of the mirror → authenticate → authorize → invoke → write the error, if there is one. The
/// authorized name is the matched and mapped one.
/// </summary>
internal sealed partial class RequestPipeline(
    RouteTrie routes,
    IRequestGate gate,
    ReadOnlyMode readOnly,
    CrossOrigin? crossOrigin,
    IErrorWriter errors,
    RequestTelemetry telemetry,
    RequestMemory memory,
    RecurringFaults faults,
    ILogger<RequestPipeline> logger,
    PageGroup? pages = null,
    MirrorMapping? mirror = null)
{
    private static readonly Task<RegistryError?> Answered = Task.FromResult<RegistryError?>(null);

    private static readonly RegistryError InvalidName = new(
        RegistryErrorCode.NameInvalid, $"a name has at most {RepositoryName.MaxLength} lower-case letters, digits, single separators (. _ __ -) and slashes");

    private readonly RecentText _texts = new();

    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(RequestContext request)
    {
        telemetry.Begin(request);
        try
        {
            var headers = request.Response.Headers;
            headers["Docker-Distribution-API-Version"] = "registry/2.0";
            headers.XContentTypeOptions = "nosniff";
            request.Error = await TryProcessAsync(request);
            if (request.Error is { } error)
            {
                RequestTelemetry.Name(request);
                request.IsCut = request.Response.HasStarted;
                UnreadBody.Announce(request, error);
                await (request.IsPage ? pages!.Errors : errors).WriteAsync(request, error);
            }
        }
        catch (OperationCanceledException)
        {
            // The client has gone away while the error was sent.
            request.IsGone = true;
            request.IsCut = true;
            request.Http.Abort();
        }
        finally
        {
            request.End();
            telemetry.End(request);
        }
    }

    private async ValueTask<RegistryError?> TryProcessAsync(RequestContext request)
    {
        try
        {
            return request.IsStream && await request.HoldStreamAsync(memory.Streams) is { } refused ? refused : await ProcessAsync(request);
        }
        catch (BodyStoppedException e)
        {
            return e.Error;
        }
        catch (BadHttpRequestException e) when (UnreadBody.IsCutOff(e))
        {
            request.IsGone = true;
            await UnreadBody.HangUpAsync(request);
            return null;
        }
        catch (BadHttpRequestException e)
        {
            return new RegistryError(RegistryErrorCode.BadRequest, e.Message);
        }
        catch (IOException e) when (e.InnerException is OverflowException)
        {
            // A chunk size that overflows (RFC 9112, section 7.1); Kestrel reports it as a broken connection.
            request.Response.Headers.Connection = "close";
            return new RegistryError(RegistryErrorCode.BadRequest, "the size of a chunk is out of range");
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client has gone away, so no response is written. Faults of the disk arrive as StorageException.
            request.IsGone = true;
            request.IsCut = true;
            request.Http.Abort();
            return null;
        }
        catch (StorageException e)
        {
            Report(e, request);
            return e.IsFull ? RegistryErrorCode.StorageFull : RegistryErrorCode.StorageFailed;
        }
        catch (FetchException e)
        {
            // The fetch has logged it. An answer that has begun is cut off.
            request.IsCut = request.Response.HasStarted;
            return new RegistryError(RegistryErrorCode.UpstreamAway, e.Message);
        }
        catch (OutOfMemoryException e)
        {
            // What the request held is garbage now, and a repeated request finds room.
            memory.ReportExhausted(e);
            return RegistryErrorCode.MemoryUsed;
        }
#pragma warning disable CA1031 // An internal error is answered in the registry's own format, without a stack trace.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (faults.IsNew($"Internal errors, {InternalErrorCause.Of(e)}", level: LogLevel.Critical))
            {
                LogMistake(e, request.Request.Method, RequestTarget.Path(request.Http), RequestTelemetry.Name(request));
            }

            return RegistryErrorCode.InternalError;
        }
    }

    private void Report(StorageException fault, RequestContext request)
    {
        var cause = StorageFault.CauseOf(fault);
        if (!faults.IsNew($"Requests that the storage cannot serve, {cause?.Reason ?? InternalErrorCause.Of(fault.InnerException!)}"))
        {
            return;
        }

        var (method, path, id) = (request.Request.Method, RequestTarget.Path(request.Http), RequestTelemetry.Name(request));
        if (cause is null)
        {
            LogStorage(fault, method, path, id);
        }
        else
        {
            LogRefused(method, path, fault.IsTransient || fault.InnerException is null or DbException ? fault.Message.TrimEnd('.') : IoFault.Reason(fault.InnerException), cause.Remedy, id);
        }
    }

    private Task<RegistryError?> ProcessAsync(RequestContext request)
    {
        var http = request.Http;
        if (MessageFraming.Check(http) is { } ambiguous)
        {
            return Refuse(ambiguous);
        }

        if (crossOrigin?.Apply(http) is true)
        {
            return Answered;
        }

        var target = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (target.Contains('#', StringComparison.Ordinal))
        {
            // Proxies disagree about where such a path ends.
            return Refuse(new RegistryError(RegistryErrorCode.BadRequest, "the target has a '#'; a fragment is never sent (RFC 9112, section 3.2)"));
        }

        if (!RequestTarget.TryGetPath(target, out var path))
        {
            return Refuse(new RegistryError(RegistryErrorCode.BadRequest, "the path is not valid percent-encoded text"));
        }

        // Pages after all else: the way of a pull is not longer by them.
        var match = routes.Match(path);
        if (match.Routes is null && pages is not null)
        {
            match = pages.Routes.Match(path);
            request.IsPage = (match.Routes is not null && pages.HasPages) || pages.IsForBrowser(http.Request, path);
        }

        if (match.Routes is null)
        {
            return Refuse(RegistryErrorCode.NotFound);
        }

        if (match.Routes.Find(http.Request.Method) is not { } route)
        {
            // A page is for people only.
            request.IsPage = request.IsPage && PageGroup.AcceptsHtml(http.Request);
            http.Response.Headers.Allow = match.Routes.Allow;
            return Refuse(RegistryErrorCode.MethodNotAllowed);
        }

        if (route.HasNameInQuery)
        {
            return AnswerNamedInQueryAsync(request, match.Routes, route);
        }

        RepositoryName name = default;
        if (route.HasName && !RepositoryName.TryParse(_texts.Get(match.Name), out name))
        {
            return Refuse(InvalidName);
        }

        request.Match(route, name, _texts.Get(match.Parameter));
        if (route.HasName && mirror?.Apply(request, route) is { } unmapped)
        {
            return Refuse(unmapped);
        }

        return AnswerAsync(request, match.Routes, route);
    }

    private Task<RegistryError?> AnswerNamedInQueryAsync(RequestContext request, RouteSet routes, Route route)
    {
        var query = request.Request.Query;
        if (!QueryParameter.Read(query, Route.RepositoryParameter).TryGet(out var text, out var fault))
        {
            return Refuse(fault);
        }

        if (!RepositoryName.TryParse(text, out var name))
        {
            return Refuse(InvalidName);
        }

        RepositoryName target = default;
        if (route.HasTarget)
        {
            if (!QueryParameter.Read(query, Route.TargetParameter).TryGet(out var targetText, out var noTarget))
            {
                return Refuse(noTarget);
            }

            if (!RepositoryName.TryParse(targetText, out target))
            {
                return Refuse(InvalidName);
            }
        }

        var parameter = query[
            query.ContainsKey(Route.TagParameter) ? Route.TagParameter
            : query.ContainsKey(Route.ReferenceParameter) ? Route.ReferenceParameter
            : Route.DigestParameter].ToString();
        request.Match(route, name, parameter, route.HasTarget ? target : null);
        _ = mirror?.Apply(request, route);
        return AnswerAsync(request, routes, route);
    }

    private async Task<RegistryError?> AnswerAsync(RequestContext request, RouteSet routes, Route route)
    {
        if (await (request.IsPage ? pages!.Gate : gate).PassAsync(request, route) is { } refused)
        {
            return refused;
        }

        // After the access gate, so a caller learns nothing without permission.
        if (route.IsChange && readOnly.IsOn)
        {
            request.Response.Headers.Allow = routes.AllowReadOnly;
            return RegistryErrorCode.ReadOnly;
        }

        if (route.IsChange && mirror?.Refuse(request) is { } mirrored)
        {
            request.Response.Headers.Allow = routes.AllowReadOnly;
            return mirrored;
        }

        if (route.IsChange)
        {
            request.TakeTurns();
        }

        var error = await route.Handler(request);
        if (error?.Code == RegistryErrorCode.Mirrored || error?.Code == RegistryErrorCode.ReadOnly)
        {
            request.Response.Headers.Allow = routes.AllowReadOnly;
        }

        return error;
    }

    private static Task<RegistryError?> Refuse(RegistryError error) => Task.FromResult<RegistryError?>(error);

    [LoggerMessage(4, LogLevel.Error,
        "{Method} {Path} could not be served by the storage. Further requests with this fault are counted once a minute (request {RequestId})")]
    private partial void LogStorage(Exception exception, string method, string path, string requestId);

    [LoggerMessage(6, LogLevel.Error,
        "{Method} {Path} could not be served by the storage: {Reason}. {Remedy}. Further requests with this fault are counted once a minute (request {RequestId})")]
    private partial void LogRefused(string method, string path, string reason, string remedy, string requestId);

    [LoggerMessage(5, LogLevel.Critical, "{Method} {Path}: internal error; please report it with these lines (request {RequestId})")]
    private partial void LogMistake(Exception exception, string method, string path, string requestId);
}
