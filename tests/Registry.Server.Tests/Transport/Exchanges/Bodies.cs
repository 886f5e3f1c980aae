using static Registry.Server.Tests.Transport.Fixtures.Samples;
using static Registry.Server.Tests.Transport.Fixtures.Turns;

namespace Registry.Server.Tests.Transport.Exchanges;

/// <summary>Bodies of every framing and in pieces of every size.</summary>
internal static class Bodies
{
    private static readonly TestBlob Once = Make("pushed once", 5000);
    private static readonly TestBlob Big = Make("pushed big", 3_000_000);
    private static readonly TestBlob Drops = Make("pushed in drops", 700);
    private static readonly TestBlob Pieces = Make("pushed in pieces", 100_000);
    private static readonly TestBlob Session = Make("pushed in a session", 300_000);

    public static readonly Exchange[] Rows =
    [
        new("Content-Length, body with the head", Send(Post(Once), Once.Bytes), Answer("201"), Send(Get(Once)), Answer("200 pushed once"), StaysOpen),
        new("Content-Length, body after the head", Send(Post(Pieces)), Send(Pieces.Bytes), Answer("201"), StaysOpen),
        new("Content-Length, large", Send(Post(Big)), Send(Big.Bytes), Answer("201"), Send(Get(Big)), Answer("200 pushed big"), StaysOpen),
        new("Content-Length, byte by byte", Send(Post(Drops)), SendBy(1, Drops.Bytes), Answer("201"), Send(Get(Drops)), Answer("200 pushed in drops"), StaysOpen),
        new("Content-Length, in odd pieces", Send(Post(Pieces)), SendBy(1447, Pieces.Bytes), Answer("201"), StaysOpen),
        new("Two uploads in one segment", Send(Post(Once), [.. Once.Bytes, .. Bytes(Post(Once)), .. Once.Bytes]), Answer("201"), Answer("201"), StaysOpen),
        new("A body that is shorter than announced", Send(Post(Once), Once.Bytes[..4000]), EndSending, IsOver),
        new("A body of another digest", Send(Post(Once), Drops.Bytes), SendBy(1000, new byte[4300]), Answer("400 DIGEST_INVALID"), StaysOpen),

        .. ((int[])[1, 7, 100, 4096, 65_537, 300_000]).Select(size => new Exchange(
            $"Chunked, {size} bytes a chunk",
            Send(Begin), Answer("202"),
            Send(PatchChunked), Send(Chunked(size == 1 ? Drops.Bytes : Session.Bytes, size)), Answer("202"), StaysOpen)),
        new("Chunked, with the head", Send(Begin), Answer("202"), Send(PatchChunked, Chunked(Drops.Bytes, 64)), Answer("202", "Range: 0-699"), StaysOpen),
        new("Chunked, byte by byte", Send(Begin), Answer("202"), Send(PatchChunked), SendBy(1, Chunked(Drops.Bytes, 10)), Answer("202", "Range: 0-699"), StaysOpen),
        new("Chunked, in odd pieces", Send(Begin), Answer("202"), Send(PatchChunked), SendBy(1447, Chunked(Session.Bytes, 4096)), Answer("202", "Range: 0-299999"), StaysOpen),
        new("Chunked, with extensions", Send(Begin), Answer("202"), Send(PatchChunked, Chunked(Drops.Bytes, 64, ";name=value")), Answer("202"), StaysOpen),
        new("Chunked, with trailers", Send(Begin), Answer("202"), Send(PatchChunked, Chunked(Drops.Bytes, 64, trailers: "X-Trailer: 1\r\nX-Other: 2\r\n")), Answer("202"), StaysOpen),
        new("Chunked, empty", Send(Begin), Answer("202"), Send(PatchChunked, Chunked([], 1)), Answer("202"), StaysOpen),
        new("Chunked, then another request at once", Send(Begin), Answer("202"), Send(PatchChunked, [.. Chunked(Session.Bytes, 4096), .. Bytes(Get(Small))]), Answer("202"), Answer("200 small"), StaysOpen),
        new("Chunked, a size that is none", Send(Begin), Answer("202"), Send(PatchChunked + "xyz\r\n"), Answer("400 close UNSUPPORTED"), IsOver),
        new("Chunked, breaks off", Send(Begin), Answer("202"), Send(PatchChunked + "100\r\nabc"), EndSending, IsOver),
        new(
            "A session of three requests",
            Send(Begin), Answer("202"),
            Send(PatchChunked), Send(Chunked(Session.Bytes, 65_536)), Answer("202", "Range: 0-299999"),
            Send($"PUT {{location}}&digest={Session.Digest} HTTP/1.1\r\nHost: r\r\nContent-Length: 0\r\n\r\n"), Answer("201"),
            Send(Get(Session)), Answer("200 pushed in a session"), StaysOpen),
    ];

    public static string Begin => "POST /v2/t/blobs/uploads/ HTTP/1.1\r\nHost: r\r\nContent-Length: 0\r\n\r\n";

    public static string PatchChunked => "PATCH {location} HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n";

    public static string Post(TestBlob blob, string headers = "") =>
        $"POST /v2/t/blobs/uploads/?digest={blob.Digest} HTTP/1.1\r\nHost: r\r\nContent-Length: {blob.Bytes.Length}\r\n{headers}\r\n";

    public static byte[] Bytes(string text) => [.. text.Select(c => (byte)c)];
}
