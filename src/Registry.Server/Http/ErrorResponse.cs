using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;
using Registry.Core.Operations;
using Registry.Server.Pipeline;

namespace Registry.Server.Http;

/// <summary>The one place that writes errors (OCI distribution-spec, "Error Codes").</summary>
internal sealed class ErrorResponse(UploadOperations uploads, Locations locations)
{
    // How long a client that was told to come back should wait, in seconds.
    private const string RetryAfter = "5";

    /// <summary>Answers with an error. A response that has begun already is cut off instead, so that nobody takes it for whole.</summary>
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
        if (error.Code.Status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests)
        {
            response.Headers.RetryAfter = RetryAfter;
        }

        // Whatever went wrong with a session, the client is told where it is.
        if (request.Upload is { } id && (await uploads.StatAsync(request.Repository, request.User, id)).TryGet(out var session, out _))
        {
            locations.WriteUpload(response, request.Repository, id, session.Length);
        }

        if (HttpMethods.IsHead(request.Request.Method))
        {
            return;
        }

        await JsonResponse.WriteAsync(response, writer => WriteBody(writer, error));
    }

    /// <summary>The body of an error, for connections that never reach the pipeline.</summary>
    public static ReadOnlyMemory<byte> Body(RegistryError error) => JsonResponse.Serialize(writer => WriteBody(writer, error));

    // What a handler has prepared for the good case does not belong to the answer. Content-Range of a 416 does.
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
