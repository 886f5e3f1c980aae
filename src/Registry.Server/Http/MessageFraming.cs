using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;

namespace Registry.Server.Http;

/// <summary>
/// Checks that the end of a request body is unambiguous (RFC 9112, section 6). Kestrel accepts some ambiguous heads, which a proxy may read
/// differently: the proxy's body would be a request to this server. Such messages are refused, and their connection ends.
/// </summary>
/// <remarks><see cref="ContentLengthEncoding"/> checks <c>Content-Length</c>.</remarks>
internal static class MessageFraming
{
    private const string Chunked = "chunked";

    /// <summary>Checks the headers that frame a message.</summary>
    /// <returns>Null, or 400 or 501; then <c>Connection: close</c> is set.</returns>
    public static RegistryError? Check(HttpContext http)
    {
        var codings = http.Request.Headers.TransferEncoding;
        if (codings.Count == 0 || (IsChunked(codings[0]) && codings.Count == 1 && HttpProtocol.IsHttp11(http.Request.Protocol) && !HasLength(http.Request)))
        {
            return null;
        }

        http.Response.Headers.Connection = "close";
        return HasLength(http.Request)
            ? Malformed("Content-Length and Transfer-Encoding are both present")
            : HttpProtocol.IsHttp11(http.Request.Protocol)
            ? CheckCodings(codings.ToString())
            : Malformed($"{http.Request.Protocol} does not allow Transfer-Encoding");
    }

    // Kestrel drops Content-Length when Transfer-Encoding is present, too, and leaves this header (section 6.1).
    private static bool HasLength(HttpRequest request) => request.Headers.ContainsKey("X-Content-Length");

    // "chunked" must be the last coding and occur once (section 6.1), without parameters (section 7.1). Further codings are legal, but the
    // registry would store the body undecoded.
    private static RegistryError CheckCodings(string list)
    {
        var names = list.Split(',', StringSplitOptions.TrimEntries);
        return IsChunked(names[^1]) && !names[..^1].Any(name => name.Length == 0 || IsChunked(name))
            ? new RegistryError(RegistryErrorCode.TransferCodingUnsupported, "send the body unencoded, with Content-Length or Transfer-Encoding: chunked")
            : Malformed("Transfer-Encoding must be 'chunked', exactly once");
    }

    private static bool IsChunked(string? coding) => string.Equals(coding, Chunked, StringComparison.OrdinalIgnoreCase);

    private static RegistryError Malformed(string detail) => new(RegistryErrorCode.BadRequest, detail);
}
