using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;
using Registry.Server.Requests;

namespace Registry.Server.Pipeline;

/// <summary>Handling of request bodies that the server does not read, or the client does not send, to the end.</summary>
/// <remarks>
/// A response before the end of the body tells if the connection stays open (RFC 9112, section 9.3, and RFC 9110, section 10.1.1). Kestrel
/// reads what the client still sends for 5 seconds, so that no reset destroys the response.
/// </remarks>
internal static class UnreadBody
{
    // Up to this length, the rest of a body is read to keep the connection for the next request.
    private const long WorthReading = 64 * 1024;

    /// <summary>Adds <c>Connection: close</c> to a response while the client has much left to send, waits with its body, or has stopped sending it.</summary>
    public static void Announce(RequestContext request, RegistryError error)
    {
        var http = request.Request;
        if (request.Response.HasStarted || request.IsBodyCompleted || HttpProtocol.IsHttp2(http.Protocol) || HttpProtocol.IsHttp3(http.Protocol))
        {
            return;
        }

        var isLong = http.Headers.TransferEncoding.Count > 0 || http.ContentLength - request.BytesIn > WorthReading;
        var isHeldBack = http.ContentLength > 0 && http.Headers.Expect.Count > 0 && !request.IsBodyBegun;
        if (isLong || isHeldBack || HasStopped(error))
        {
            request.Response.Headers.Connection = "close";
        }
    }

    // The client may never send the rest.
    private static bool HasStopped(RegistryError error) =>
        error.Code == RegistryErrorCode.BodyTooSlow || error.Code == RegistryErrorCode.UploadTakenOver
            || error.Code == RegistryErrorCode.MemoryShareUsed || error.Code == RegistryErrorCode.MemoryUsed;

    /// <summary>
    /// Ends the connection of a client that has closed its side in the middle of the body. After an abort alone, Kestrel parses the rest of the
    /// body as another request; only a response with <c>Connection: close</c> prevents this.
    /// </summary>
    public static async Task HangUpAsync(RequestContext request)
    {
        if (!request.Response.HasStarted)
        {
            request.Response.StatusCode = StatusCodes.Status400BadRequest;
            request.Response.ContentLength = 0;
            request.Response.Headers.Connection = "close";
            await request.Response.StartAsync();
        }

        request.Http.Abort();
    }

    /// <summary>
    /// True when the client has closed its side in the middle of the body. Kestrel reports this as a bad request; only the message
    /// distinguishes it.
    /// </summary>
    public static bool IsCutOff(BadHttpRequestException fault) =>
        fault.Message is "Unexpected end of request content." or "Chunked request incomplete.";
}
