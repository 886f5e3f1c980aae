using static Registry.Server.Tests.Transport.Fixtures.Samples;
using static Registry.Server.Tests.Transport.Fixtures.Turns;

namespace Registry.Server.Tests.Transport.Exchanges;

/// <summary>Clients that go away, with a clean close or a reset: they get no response, and the next connection is served.</summary>
internal static class Endings
{
    private static readonly TestBlob Broken = Make("broken off", 1_000_000);

    public static readonly Exchange[] Rows =
    [
        new("A connection without a request", EndSending, IsClosed),
        new("A connection that is closed at once", Close, Reconnect, StaysOpen),
        new("A connection that is reset at once", Reset, Reconnect, StaysOpen),
        new("The end after an answer", Send(Get(Small)), Answer("200 small"), EndSending, IsClosed),
        new("The end after a large answer", Send(Get(Large)), Answer("200 large"), EndSending, IsClosed),
        new("The end in the middle of a request line", Send("GET /v2"), EndSending, AtMost("HTTP/1.1 400 ")),
        new("The end in the middle of the headers", Send("GET /v2/ HTTP/1.1\r\nHost: r\r\nX"), EndSending, AtMost("HTTP/1.1 400 ")),
        new("The end right after a request", Send(Get(Small)), EndSending, AtMost(Small)),
        new("The end right after a request for a large blob", Send(Get(Large)), EndSending, AtMost(Large)),
        new("The end right after several requests", Send(Get(Small) + Get(Large) + Get(Small)), EndSending, AtMost(Small, Large, Small)),
        new("The end in the middle of a large answer", Send(Get(Larger) + Get(Large)), HasBegun, EndSending, AtMost(Larger, Large), Reconnect, StaysOpen) { ReceiveBuffer = 16 * 1024 },

        new("A reset in the middle of the headers", Send("GET /v2/ HTTP/1.1\r\nHo"), Reset, Reconnect, StaysOpen),
        new("A reset in the middle of a body", Send(Bodies.Post(Broken)), Send(Broken.Bytes[..500_000]), Reset, Reconnect, StaysOpen),
        new("A reset instead of reading the answer", Send(Get(Large)), Reset, Reconnect, Send(Get(Large)), Answer("200 large"), StaysOpen),
        new("A reset in the middle of the answer", Repeat(5, Send(Get(Large)), Take(300_000), Reset, Reconnect), Send(Get(Larger)), Answer("200 larger"), StaysOpen),
        new("A close in the middle of the answer", Repeat(5, Send(Get(Large)), Take(300_000), Close, Reconnect), Send(Get(Larger)), Answer("200 larger"), StaysOpen),
        new("A reset in the middle of pipelined answers", Send(string.Concat(Enumerable.Repeat(Get(Large), 50))), Take(9_000_000), Reset, Reconnect, StaysOpen),
        new("A reset between a large answer and the next request", Send(Get(Large)), Answer("200 large"), Reset, Reconnect, StaysOpen),
    ];
}
