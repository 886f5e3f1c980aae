using static Registry.Server.Tests.Transport.Fixtures.Samples;
using static Registry.Server.Tests.Transport.Fixtures.Turns;

namespace Registry.Server.Tests.Transport.Exchanges;

/// <summary>Expect: 100-continue (RFC 9110, section 10.1.1).</summary>
internal static class Continuations
{
    private const string Expect = "Expect: 100-continue\r\n";
    private static readonly TestBlob Waiting = Make("after 100", 20_000);

    // Small enough to arrive with the head: whether a server that waits for the rest of a body asks for it depends on the network.
    private static readonly TestBlob Eager = Make("without waiting", 500);

    // A PUT without a session is 201 again when the repository has the blob (its first answer may be lost), so no row may push this one.
    private static readonly string Unknown =
        $"PUT /v2/t/blobs/uploads/{Guid.Empty}?digest={Make("never stored", 20_000).Digest} HTTP/1.1\r\nHost: r\r\nContent-Length: 20000\r\n{Expect}\r\n";

    public static readonly Exchange[] Rows =
    [
        new("100, then the body", Send(Bodies.Post(Waiting, Expect)), Answer("100"), Send(Waiting.Bytes), Answer("201"), StaysOpen),
        new("The body without waiting", Send(Bodies.Post(Eager, Expect), Eager.Bytes), Answer("201"), StaysOpen),
        new("100 for a chunked body", Send(Bodies.Begin), Answer("202"), Send($"PATCH {{location}} HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n{Expect}\r\n"), Answer("100"), Send(Chunked(Waiting.Bytes, 999)), Answer("202"), StaysOpen),
        new("404 instead of 100", Send(Unknown), Answer("404 close BLOB_UPLOAD_UNKNOWN"), IsOver),
        new("413 instead of 100", Send($"PUT /v2/t/manifests/x HTTP/1.1\r\nHost: r\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\nContent-Length: 5000000\r\n{Expect}\r\n"), Answer("413 close MANIFEST_INVALID"), IsOver),
        new("401 instead of 100", Send(Bodies.Post(Waiting, Expect)), Answer("401 close UNAUTHORIZED"), Send(Waiting.Bytes), IsOver) { IsGuarded = true },
        new("404 instead of 100, and the body all the same", Send(Unknown), Answer("404 close BLOB_UPLOAD_UNKNOWN"), Send(Waiting.Bytes), IsOver),
        new("100 to a GET without a body", Send(Get(Small, "Expect: 100-continue")), Answer("200 small"), StaysOpen),
        new("An unknown expectation", Send(Get(Small, "Expect: tea")), Answer("200 small"), StaysOpen),
    ];
}
