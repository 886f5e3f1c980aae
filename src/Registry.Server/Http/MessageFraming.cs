using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;

namespace Registry.Server.Http;

/// <summary>
/// Where the body of a request ends (RFC 9112, section 6). Kestrel accepts more than one reading of some heads; a proxy on the way may have chosen
/// the other one, and what it took for a body would be a request to this server. Such a message is refused, and its connection ends.
/// </summary>
/// <remarks>The rules of <c>Content-Length</c> are those of <see cref="ContentLengthEncoding"/>.</remarks>
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
            ? Malformed("both Content-Length and Transfer-Encoding are given")
            : HttpProtocol.IsHttp11(http.Request.Protocol)
            ? CheckCodings(codings.ToString())
            : Malformed($"{http.Request.Protocol} has no Transfer-Encoding");
    }

    // Kestrel drops Content-Length when Transfer-Encoding is there too, and leaves this trace (section 6.1).
    private static bool HasLength(HttpRequest request) => request.Headers.ContainsKey("X-Content-Length");

    // "chunked" is the last coding and there once (section 6.1); it has no parameters (section 7.1). Codings below it may be right, but the
    // registry would store them undecoded.
    private static RegistryError CheckCodings(string list)
    {
        var names = list.Split(',', StringSplitOptions.TrimEntries);
        return IsChunked(names[^1]) && !names[..^1].Any(name => name.Length == 0 || IsChunked(name))
            ? new RegistryError(RegistryErrorCode.TransferCodingUnsupported, "send the body as it is, with Content-Length or Transfer-Encoding: chunked")
            : Malformed("Transfer-Encoding is not 'chunked', once");
    }

    private static bool IsChunked(string? coding) => string.Equals(coding, Chunked, StringComparison.OrdinalIgnoreCase);

    private static RegistryError Malformed(string detail) => new(RegistryErrorCode.BadRequest, detail);
}
