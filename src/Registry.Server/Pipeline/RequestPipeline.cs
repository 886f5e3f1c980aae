using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Server.Http;
using Registry.Server.Routing;

namespace Registry.Server.Pipeline;

/// <summary>
/// The way of every request: match → authenticate → authorize → invoke → write the error, if there is one. The name that is authorised is the
/// one that was matched.
/// </summary>
internal sealed partial class RequestPipeline(
    RouteTrie routes, AccessGate gate, ReadOnlyMode readOnly, ErrorResponse errors, ILogger<RequestPipeline> logger)
{
    private readonly RecentText _texts = new();

    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers["Docker-Distribution-API-Version"] = "registry/2.0";
        headers.XContentTypeOptions = "nosniff";
        RegistryError? error;
        try
        {
            error = await ProcessAsync(http);
        }
        catch (BadHttpRequestException e)
        {
            error = e.StatusCode == StatusCodes.Status408RequestTimeout
                ? RegistryErrorCode.BodyTooSlow
                : new RegistryError(RegistryErrorCode.BadRequest, e.Message);
        }
        catch (IOException e) when (e.InnerException is OverflowException)
        {
            // A chunk whose size is beyond all bounds (RFC 9112, section 7.1), which Kestrel reports as a broken connection.
            http.Response.Headers.Connection = "close";
            error = new RegistryError(RegistryErrorCode.BadRequest, "the size of a chunk is out of range");
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client has gone away (faults of the disk arrive as StorageException); nobody reads an answer.
            LogGone(http.Request.Method, RequestTarget.Path(http));
            http.Abort();
            return;
        }
        catch (StorageException e) when (e.IsFull || e.InnerException is null)
        {
            // Nothing that a stack trace explains: no room, or writes that have stopped before.
            LogTurnedAway(http.Request.Method, RequestTarget.Path(http), e.Message);
            error = e.IsFull ? RegistryErrorCode.StorageFull : RegistryErrorCode.StorageFailed;
        }
        catch (StorageException e)
        {
            LogStorage(e, http.Request.Method, RequestTarget.Path(http));
            error = RegistryErrorCode.StorageFailed;
        }
#pragma warning disable CA1031 // A mistake of ours must not look like an answer of somebody else's server, nor leak a stack trace.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogMistake(e, http.Request.Method, RequestTarget.Path(http));
            error = RegistryErrorCode.InternalError;
        }

        if (logger.IsEnabled(LogLevel.Debug))
        {
            LogAnswered(http.Request.Method, RequestTarget.Path(http), error?.ToString() ?? http.Response.StatusCode.ToString(CultureInfo.InvariantCulture));
        }

        if (error is not null)
        {
            await errors.WriteAsync(http, error);
        }
    }

    private Task<RegistryError?> ProcessAsync(HttpContext http)
    {
        // Kestrel drops Content-Length when Transfer-Encoding is there too and leaves this trace. Another server on the way may have read
        // the message the other way (RFC 9112, section 6.1): refuse it and hang up.
        if (http.Request.Headers.ContainsKey("X-Content-Length") && http.Request.Headers.TransferEncoding.Count > 0)
        {
            http.Response.Headers.Connection = "close";
            return Refuse(new RegistryError(RegistryErrorCode.BadRequest, "both Content-Length and Transfer-Encoding are given"));
        }

        if (!RequestTarget.TryGetPath(http.Features.Get<IHttpRequestFeature>()!.RawTarget, out var path))
        {
            return Refuse(new RegistryError(RegistryErrorCode.BadRequest, "the path is not valid percent-encoded text"));
        }

        var match = routes.Match(path);
        if (match.Routes is null)
        {
            return Refuse(RegistryErrorCode.NotFound);
        }

        if (match.Routes.Find(http.Request.Method) is not { } route)
        {
            http.Response.Headers.Allow = match.Routes.Allow;
            return Refuse(RegistryErrorCode.MethodNotAllowed);
        }

        RepositoryName name = default;
        if (route.HasName && !RepositoryName.TryParse(_texts.Get(match.Name), out name))
        {
            return Refuse(new RegistryError(
                RegistryErrorCode.NameInvalid,
                $"a name has at most {RepositoryName.MaxLength} lower-case letters, digits, single separators (. _ __ -) and slashes"));
        }

        return AnswerAsync(http, match.Routes, route, name, _texts.Get(match.Parameter));
    }

    private async Task<RegistryError?> AnswerAsync(HttpContext http, RouteSet routes, Route route, RepositoryName name, string parameter)
    {
        if (!(await gate.PassAsync(http, route, name)).TryGet(out var identity, out var refused))
        {
            return refused;
        }

        // After the gate, so that it tells nobody more than they may know.
        if (route.IsChange && readOnly.IsOn)
        {
            http.Response.Headers.Allow = routes.AllowReadOnly;
            return RegistryErrorCode.ReadOnly;
        }

        return await route.Handler(new RequestContext(http, name, parameter, identity, gate.Authorizer));
    }

    private static Task<RegistryError?> Refuse(RegistryError error) => Task.FromResult<RegistryError?>(error);

    [LoggerMessage(1, LogLevel.Debug, "{Method} {Path} -> {Answer}")]
    private partial void LogAnswered(string method, string path, string answer);

    [LoggerMessage(3, LogLevel.Debug, "{Method} {Path}: the client has gone away")]
    private partial void LogGone(string method, string path);

    [LoggerMessage(4, LogLevel.Error, "{Method} {Path} could not be served by the storage")]
    private partial void LogStorage(Exception exception, string method, string path);

    [LoggerMessage(6, LogLevel.Error, "{Method} {Path} was turned away by the storage: {Reason}")]
    private partial void LogTurnedAway(string method, string path, string reason);

    [LoggerMessage(5, LogLevel.Critical, "{Method} {Path} met a mistake in the registry itself; please report it")]
    private partial void LogMistake(Exception exception, string method, string path);
}
