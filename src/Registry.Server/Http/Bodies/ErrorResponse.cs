using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Registry.Core.Errors;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Server.Requests;

namespace Registry.Server.Http.Bodies;

/// <summary>Writes all errors: as in the OCI distribution-spec ("Error Codes"), and for the registry's own API as problem details (RFC 9457).</summary>
internal sealed class ErrorResponse(UploadOperations uploads, Locations locations) : IErrorWriter
{
    // Retry-After, in seconds.
    private const string RetryAfter = "5";

    private const string ApiPrefix = "/api/";
    private const string ProblemType = "application/problem+json";

    /// <inheritdoc/>
    public async Task WriteAsync(RequestContext request, RegistryError error)
    {
        var response = request.Response;
        if (response.HasStarted)
        {
            request.Http.Abort();
            return;
        }

        Clear(response);
        response.StatusCode = error.Code.Status;
        if (error.Code.IsTransient)
        {
            response.Headers.RetryAfter = RetryAfter;
        }

        if (request.Upload is { } id)
        {
            await WritePositionAsync(request, id);
        }

        // Without memory for its stream, a response has nothing that waits for the client's window.
        if (HttpMethods.IsHead(request.Request.Method) || (request.IsStream && request.Stream is null))
        {
            return;
        }

        await (IsOfApi(request)
            ? JsonResponse.WriteAsync(request, writer => WriteProblem(writer, error, request.Id), ProblemType)
            : JsonResponse.WriteAsync(request, writer => WriteBody(writer, error)));
    }

    /// <summary>Body of an error, for connections that never reach the pipeline.</summary>
    public static ReadOnlyMemory<byte> Body(RegistryError error) => JsonResponse.Serialize(writer => WriteBody(writer, error));

    // Every error of an upload session tells the client the session's position, unless the storage fails: the client asks for it later.
    private async Task WritePositionAsync(RequestContext request, Guid id)
    {
        try
        {
            if ((await uploads.StatAsync(request.Repository, request.User, id)).TryGet(out var session, out _))
            {
                locations.WriteUpload(request.Response, request.Repository, id, session.Length);
            }
        }
        catch (StorageException)
        {
            // Reported already, or with the next request.
        }
    }

    // Removes headers that a handler has set for a success. A 416 keeps Content-Range.
    private static void Clear(HttpResponse response)
    {
        response.ContentLength = null;
        response.ContentType = null;
        response.Headers.Remove("Docker-Content-Digest");
        response.Headers.ETag = default;
        response.Headers.CacheControl = default;
    }

    // By the path, since a path without a route has errors, too.
    private static bool IsOfApi(RequestContext request) => RequestTarget.TryGetPath(request.Http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, out var path)
        && path.StartsWith(ApiPrefix);

    private static void WriteProblem(Utf8JsonWriter writer, RegistryError error, string requestId)
    {
        writer.WriteStartObject();
        writer.WriteString("title", error.Code.Message);
        writer.WriteNumber("status", error.Code.Status);
        if (error.Details.Count > 0)
        {
            writer.WriteString("detail", string.Join("; ", error.Details));
        }

        // Members beyond those of the RFC (section 3.2).
        writer.WriteString("code", error.Code.Code);
        writer.WriteString("requestId", requestId);
        writer.WriteEndObject();
    }

    private static void WriteBody(Utf8JsonWriter writer, RegistryError error)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("errors");
        foreach (var detail in error.Details.DefaultIfEmpty(null))
        {
            writer.WriteStartObject();
            writer.WriteString("code", error.Code.Code);
            writer.WriteString("message", error.Code.TellsDetail && detail is not null ? $"{error.Code.Message}: {detail}" : error.Code.Message);
            if (detail is not null)
            {
                writer.WriteString("detail", detail);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
