using static Registry.Server.Tests.Transport.Fixtures.Samples;
using static Registry.Server.Tests.Transport.Fixtures.Turns;

namespace Registry.Server.Tests.Transport.Exchanges;

/// <summary>Answers with blobs: whole, in part, in several parts, to readers of every speed.</summary>
internal static class Downloads
{
    public static readonly Exchange[] Rows =
    [
        new("GET of a small blob", Send(Get(Small)), Answer("200 small"), StaysOpen),
        new("GET of a large blob", Send(Get(Large)), Answer("200 large"), StaysOpen),
        new("HEAD of a small blob", Send(Request("HEAD", Path(Small))), AnswerToHead("200 (1000)"), StaysOpen),
        new("HEAD of a large blob", Send(Request("HEAD", Path(Large))), AnswerToHead("200 (8392929)"), StaysOpen),
        new("GET of the same large blob three times", Repeat(3, Send(Get(Large)), Answer("200 large")), StaysOpen),
        new("GET of a blob that is not there", Send(Get(Make("nowhere", 10))), Answer("404 BLOB_UNKNOWN"), StaysOpen),
        new("HEAD of a blob that is not there", Send(Request("HEAD", Path(Make("nowhere", 10)))), AnswerToHead("404"), StaysOpen),
        new("GET of an empty blob", Send(Get(Empty)), Answer("200", "Content-Length: 0"), StaysOpen),
        .. OfOddSizes.Select(blob => new Exchange($"GET of {blob.Bytes.Length} bytes", Send(Get(blob) + Get(Small)), Answer($"200 {NameOf(blob.Bytes)}"), Answer("200 small"), StaysOpen)),
        new("GET of blobs of every odd size in one segment", Send(string.Concat(OfOddSizes.Select(blob => Get(blob)))), AnswerEach(OfOddSizes), StaysOpen),
        new("GET of blobs of every odd size, slow reader", Send(string.Concat(OfOddSizes.Select(blob => Get(blob)))), AnswerEach(OfOddSizes), StaysOpen) { ReceiveBuffer = 16 * 1024 },
        new("GET of what the client has", Send(Get(Small, $"If-None-Match: \"{Small.Digest}\"")), Answer("304"), StaysOpen),
        new("GET of what the client has, large", Send(Get(Large, $"If-None-Match: \"{Large.Digest}\"")), Answer("304"), StaysOpen),

        new("Range: the first byte", Send(Get(Large, "Range: bytes=0-0")), Answer("206 0-0 of large"), StaysOpen),
        new("Range: some in the middle", Send(Get(Large, "Range: bytes=4095-4099")), Answer("206 4095-4099 of large"), StaysOpen),
        new("Range: a megabyte across pages", Send(Get(Large, "Range: bytes=1000003-2048579")), Answer("206 1000003-2048579 of large"), StaysOpen),
        new("Range: from an offset", Send(Get(Large, "Range: bytes=4321-")), Answer("206 4321-8392928 of large"), StaysOpen),
        new("Range: the last bytes", Send(Get(Large, "Range: bytes=-100000")), Answer("206 8292929-8392928 of large"), StaysOpen),
        new("Range: beyond the end", Send(Get(Small, "Range: bytes=1000-")), Answer("416 UNSUPPORTED", "Content-Range: bytes */1000"), StaysOpen),
        new("Ranges: two of a small blob", Send(Get(Small, "Range: bytes=0-9,990-")), Answer("206 0-9 of small, 990-999 of small"), StaysOpen),
        new(
            "Ranges: small and large parts in an odd order",
            Send(Get(Large, "Range: bytes=-1,0-0,2000000-4999999,100-199,1000000-1999999")),
            Answer("206 8392928-8392928 of large, 0-0 of large, 2000000-4999999 of large, 100-199 of large, 1000000-1999999 of large"),
            StaysOpen),
        new(
            "Ranges: 1,024 of eleven digits, beside a token of 8 KiB",
            Send(Get(Large, $"Authorization: Bearer {new string('t', 8192)}", $"Range: bytes={string.Join(',', Enumerable.Range(0, 1024).Select(i => $"{i * 8190:d11}-{(i * 8190) + (i * 7):d11}"))}")),
            Answer($"206 {string.Join(", ", Enumerable.Range(0, 1024).Select(i => $"{i * 8190}-{(i * 8190) + (i * 7)} of large"))}"),
            StaysOpen),
        new("Ranges: many, of which one is out of order", Send(Get(Large, $"Range: bytes={string.Join(',', Enumerable.Range(1, 100).Select(i => $"{i * 10}-{(i * 10) + 5}"))},3-4")), Answer("200 large"), StaysOpen),
        new("Ranges: more than are allowed", Send(Get(Large, $"Range: bytes={string.Join(',', Enumerable.Range(0, 2049).Select(i => $"{i * 4000}-{(i * 4000) + 9}"))}")), Answer("200 large"), StaysOpen),
        new("Ranges: 32 parts, from small to large",
            Send(Get(Large, $"Range: bytes={string.Join(',', Enumerable.Range(0, 32).Select(i => $"{i * 200_000}-{(i * 200_000) + (i * 6_000)}"))}")),
            Answer($"206 {string.Join(", ", Enumerable.Range(0, 32).Select(i => $"{i * 200_000}-{(i * 200_000) + (i * 6_000)} of large"))}"),
            StaysOpen),
        new("Ranges: then another answer", Send(Get(Large, "Range: bytes=1-2,3-500000") + Get(Small)), Answer("206 1-2 of large, 3-500000 of large"), Answer("200 small"), StaysOpen),

        new("A reader with a small buffer", Send(Get(Large)), Answer("200 large"), StaysOpen) { ReceiveBuffer = 16 * 1024 },
        new("A reader with a tiny buffer", Send(Get(Large, "Range: bytes=0-499999")), Answer("206 0-499999 of large"), StaysOpen) { ReceiveBuffer = 1 },
        new(
            "A reader with a small buffer, several parts",
            Send(Get(Large, "Range: bytes=0-2999999,5-9,3000000-5999999")),
            Answer("206 0-2999999 of large, 5-9 of large, 3000000-5999999 of large"),
            StaysOpen) { ReceiveBuffer = 16 * 1024 },
        new(
            "A reader that takes a little, asks for more and then reads on",
            Send(Get(Large)), Send(Get(Larger) + Get(Small)), Answer("200 large"), Answer("200 larger"), Answer("200 small"), StaysOpen) { ReceiveBuffer = 16 * 1024 },
    ];

    private static Step AnswerEach(IEnumerable<TestBlob> blobs) => async wire =>
    {
        foreach (var blob in blobs)
        {
            await Answer($"200 {NameOf(blob.Bytes)}")(wire);
        }
    };
}
