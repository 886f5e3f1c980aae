using static Registry.Server.Tests.Transport.Fixtures.Samples;
using static Registry.Server.Tests.Transport.Fixtures.Turns;

namespace Registry.Server.Tests.Transport.Exchanges;

/// <summary>Close or reuse of the connection after a response, by version and Connection header (RFC 9112, section 9.3).</summary>
internal static class Versions
{
    private const string Old = "HTTP/1.0";

    public static readonly Exchange[] Rows =
    [
        new("Connection: close", Send(Get(Small, "Connection: close")), Answer("200 close small"), IsClosed),
        new("Connection: close, large", Send(Get(Large, "Connection: close")), Answer("200 close large"), IsClosed),
        new("Connection: close, large, slow reader", Send(Get(Large, "Connection: close")), Answer("200 close large"), IsClosed) { ReceiveBuffer = 16 * 1024 },
        new("Connection: close, several parts", Send(Get(Large, "Connection: close", "Range: bytes=0-1,5-999999")), Answer("206 close 0-1 of large, 5-999999 of large"), IsClosed),
        new("Connection: close to a HEAD", Send(Request("HEAD", Path(Large), "Connection: close")), AnswerToHead("200 close (8392929)"), IsClosed),
        new("Connection: close with an error", Send(Request("GET", "/nowhere", "Connection: close")), Answer("404 close UNSUPPORTED"), IsClosed),
        new("Requests after Connection: close", Send(Get(Small, "Connection: close") + Get(Page)), Answer("200 close small"), IsOver),
        new("Connection: keep-alive", Send(Get(Small, "Connection: keep-alive")), Answer("200 small"), StaysOpen),
        new("HTTP/1.0", Send(Head("GET", Path(Small), Old)), Answer("200 close small"), IsClosed),
        new("HTTP/1.0, large", Send(Head("GET", Path(Large), Old)), Answer("200 close large"), IsClosed),
        new("HTTP/1.0, HEAD", Send(Head("HEAD", Path(Large), Old)), AnswerToHead("200 close (8392929)"), IsClosed),
        new("HTTP/1.0 with keep-alive", Send(Head("GET", Path(Small), Old, "Connection: keep-alive")), Answer("200 keep-alive small"), StaysOpen),
        new(
            "HTTP/1.0 with keep-alive, large, twice",
            Repeat(2, Send(Head("GET", Path(Large), Old, "Connection: keep-alive")), Answer("200 keep-alive large")), StaysOpen),
        new("HTTP/1.1 without Host", Send($"GET {Path(Small)} HTTP/1.1\r\n\r\n"), Answer("400 close"), IsOver),
        new("An absolute target", Send(Request("GET", $"http://registry{Path(Small)}")), Answer("200 small"), StaysOpen),
    ];
}
