using static Registry.Server.Tests.Transport.Fixtures.Samples;
using static Registry.Server.Tests.Transport.Fixtures.Turns;

namespace Registry.Server.Tests.Transport.Exchanges;

/// <summary>Refused requests: the response arrives even when the client is still sending.</summary>
internal static class Refusals
{
    private static readonly TestBlob Unwanted = Make("unwanted", 2_000_000);

    // GOAWAY with HTTP_1_1_REQUIRED (RFC 9113, sections 6.8 and 7).
    private static readonly byte[] Http11Required = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13];

    public static readonly Exchange[] Rows =
    [
        new("401, the body unread", Send(Bodies.Post(Unwanted)), Send(Unwanted.Bytes), Answer("401 close UNAUTHORIZED"), IsOver) { IsGuarded = true },
        new("404, the body unread", Send($"PUT /v2/t/blobs/uploads/{Guid.Empty}?digest={Unwanted.Digest} HTTP/1.1\r\nHost: r\r\nContent-Length: 2000000\r\n\r\n"), Send(Unwanted.Bytes), Answer("404 close BLOB_UPLOAD_UNKNOWN"), IsOver),
        new("404, a chunked body unread", Send($"PATCH /v2/t/blobs/uploads/{Guid.Empty} HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n"), Send(Chunked(Unwanted.Bytes, 10_000)), Answer("404 close BLOB_UPLOAD_UNKNOWN"), IsOver),
        new("413, the body unread", Send("PUT /v2/t/manifests/x HTTP/1.1\r\nHost: r\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\nContent-Length: 5000000\r\n\r\n"), Send(new byte[5_000_000]), Answer("413 close MANIFEST_INVALID"), IsOver),
        new("404, the body never comes", Send($"PUT /v2/t/blobs/uploads/{Guid.Empty}?digest={Unwanted.Digest} HTTP/1.1\r\nHost: r\r\nContent-Length: 2000000\r\n\r\n"), Answer("404 close BLOB_UPLOAD_UNKNOWN"), EndSending, IsOver),
        new("404, a small body unread", Send($"PUT /v2/t/blobs/uploads/{Guid.Empty}?digest={Unwanted.Digest} HTTP/1.1\r\nHost: r\r\nContent-Length: 20000\r\n\r\n"), Send(Unwanted.Bytes[..20_000]), Answer("404 BLOB_UPLOAD_UNKNOWN"), StaysOpen),
        new("400, a chunked body read to its end", Send(Bodies.Begin), Answer("202"), Send($"PUT {{location}}&digest={Unwanted.Digest} HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n"), Send(Chunked([1, 2, 3], 1)), Answer("400 DIGEST_INVALID"), StaysOpen),
        new("405", Send(Request("DELETE", "/v2/")), Answer("405 UNSUPPORTED"), StaysOpen),

        new("431, too many bytes of headers", Send(Get(Small, $"X: {new string('x', 100_000)}")), Answer("431 close"), IsOver),
        new("431, too many headers", Send(Get(Small, [.. Enumerable.Range(0, 200).Select(i => $"X-{i}: x")])), Answer("431 close"), IsOver),
        new("414", Send(Request("GET", $"/v2/{new string('x', 100_000)}")), Answer("414 close"), IsOver),
        new("414, while more is sent", SendBy(5000, Bodies.Bytes(Request("GET", $"/v2/{new string('x', 1_000_000)}"))), Answer("414 close"), IsOver),
        new("400, no request", Send("nonsense\r\n\r\n"), Answer("400 close"), IsOver),
        new("400, a header without a colon", Send("GET /v2/ HTTP/1.1\r\nHost: r\r\nnonsense\r\n\r\n"), Answer("400 close"), IsOver),
        new("400, both lengths", Send("PATCH /v2/t/blobs/uploads/x HTTP/1.1\r\nHost: r\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + Get(Small)), Answer("400 close UNSUPPORTED"), IsOver),
        new("400, two lengths", Send("PATCH /v2/t/blobs/uploads/x HTTP/1.1\r\nHost: r\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na"), Answer("400 close"), IsOver),
        new("505", Send(Head("GET", "/v2/", "HTTP/1.2")), Answer("505 close"), IsOver),
        new("TLS on a port without", Send([0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x03, 0x0d, 0x0a, 0x0d, 0x0a]), Answer("400 close"), IsOver),
        new("HTTP/2 without asking", Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Rest(Http11Required)) { IsClearTextOnly = true },
    ];
}
