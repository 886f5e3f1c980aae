using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;

namespace Registry.Server.Pipeline;

/// <summary>Bodies that end before they were read, on one side or the other.</summary>
/// <remarks>
/// An answer that comes before the end of the body says whether the connection goes on (RFC 9112, section 9.3, and RFC 9110, section 10.1.1). Kestrel
/// reads what the client still sends for 5 seconds, so that the answer arrives and no reset takes it away.
/// </remarks>
internal static class UnreadBody
{
    // What is left of a body is worth reading for the next request on the connection.
    private const long WorthReading = 64 * 1024;

    /// <summary>Says <c>Connection: close</c> in an answer that comes while the client has much to send, or waits with its body.</summary>
    public static void Announce(RequestContext request, RegistryError error)
    {
        var http = request.Request;
        if (request.Response.HasStarted || request.IsBodyCompleted || HttpProtocol.IsHttp2(http.Protocol) || HttpProtocol.IsHttp3(http.Protocol))
        {
            return;
        }

        var isLong = http.Headers.TransferEncoding.Count > 0 || http.ContentLength - request.BytesIn > WorthReading;
        var isHeldBack = http.ContentLength > 0 && http.Headers.Expect.Count > 0 && !request.IsBodyBegun;
        if (isLong || isHeldBack || error.Code == RegistryErrorCode.BodyTooSlow)
        {
            request.Response.Headers.Connection = "close";
        }
    }

    /// <summary>
    /// Ends the connection of a client that has ended its side in the middle of the body. An abort alone would make Kestrel look for another
    /// request in what is left of the body; only an answer that says <c>Connection: close</c> keeps it from that.
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
    /// Whether the client has ended its side in the middle of the body. Kestrel calls that a bad request, and nothing but its words tells it from
    /// one.
    /// </summary>
    public static bool IsCutOff(BadHttpRequestException fault) =>
        fault.Message is "Unexpected end of request content." or "Chunked request incomplete.";
}
