using static Registry.Server.Tests.Transport.Fixtures.Samples;
using static Registry.Server.Tests.Transport.Fixtures.Turns;

namespace Registry.Server.Tests.Transport.Exchanges;

/// <summary>Several requests over a connection, and requests in pieces.</summary>
internal static class Pipelines
{
    private static readonly TestBlob Upload = Make("pipelined", 3000);

    public static readonly Exchange[] Rows =
    [
        new("A hundred requests, one after the other", Repeat(100, Send(Get(Small)), Answer("200 small")), StaysOpen),
        new(
            "A hundred requests in one segment",
            Send(string.Concat(Enumerable.Repeat(Get(Small), 100))), Repeat(100, Answer("200 small")), StaysOpen),
        new(
            "Three large blobs, a HEAD and a small blob in one segment",
            Send(Get(Large) + Get(Larger) + Get(Large) + Request("HEAD", Path(Larger)) + Get(Small)),
            Answer("200 large"), Answer("200 larger"), Answer("200 large"), AnswerToHead("200 (9437185)"), Answer("200 small"), StaysOpen),
        new(
            "Large and small blobs in turn",
            Send(string.Concat(Enumerable.Repeat(Get(Small) + Get(Large) + Request("GET", "/v2/"), 4))),
            Repeat(4, Answer("200 small"), Answer("200 large"), Answer("200 {}")), StaysOpen),
        new("A request in two pieces, cut everywhere", CutEverywhere(Get(Small)), StaysOpen),
        new("Requests byte by byte", Repeat(5, SendBy(1, [.. Get(Small).Select(c => (byte)c)]), Answer("200 small")), StaysOpen),
        new("Urgent data in the middle of a request", Send("GET /v2/ HT"), SendUrgent, Send("TP/1.1\r\nHost: r\r\n\r\n"), Answer("200 {}"), StaysOpen),
        new("Empty lines before a request", Send("\r\n\r\n" + Get(Small)), Answer("200 small"), StaysOpen),
        new("An error between good requests", Send(Get(Small) + Request("GET", "/nowhere") + Get(Page)), Answer("200 small"), Answer("404 UNSUPPORTED"), Answer("200 page"), StaysOpen),
        new("An error first", Send(Request("GET", "/nowhere") + Get(Large)), Answer("404 UNSUPPORTED"), Answer("200 large"), StaysOpen),
        new("A malformed request after a large answer", Send(Get(Large) + "nonsense\r\n\r\n" + Get(Small)), Answer("200 large"), Answer("400 close"), IsOver),
        new(
            "Uploads and downloads in one segment",
            Send($"POST /v2/t/blobs/uploads/?digest={Upload.Digest} HTTP/1.1\r\nHost: r\r\nContent-Length: 3000\r\n\r\n", [.. Upload.Bytes, .. Get(Upload).Select(c => (byte)c)]),
            Answer("201"), Answer("200 pipelined"), StaysOpen),
    ];

    private static Step CutEverywhere(string request) => async wire =>
    {
        for (var cut = 1; cut < request.Length; cut++)
        {
            await Send(request[..cut])(wire);
            await Send(request[cut..])(wire);
            await Answer("200 small")(wire);
        }
    };
}
