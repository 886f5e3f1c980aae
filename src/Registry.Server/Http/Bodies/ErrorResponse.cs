using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Server.Requests;

namespace Registry.Server.Http.Bodies;

/// <summary>Writes all errors (OCI distribution-spec, "Error Codes").</summary>
internal sealed class ErrorResponse(UploadOperations uploads, Locations locations)
{
    // Retry-After, in seconds.
    private const string RetryAfter = "5";

    /// <summary>Answers with an error. Aborts a response that has already begun, so no client takes it for complete.</summary>
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

        await JsonResponse.WriteAsync(request, writer => WriteBody(writer, error));
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

    private static void WriteBody(Utf8JsonWriter writer, RegistryError error)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("errors");
        foreach (var detail in error.Details.DefaultIfEmpty(null))
        {
            writer.WriteStartObject();
            writer.WriteString("code", error.Code.Code);
            writer.WriteString("message", error.Code.Message);
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
