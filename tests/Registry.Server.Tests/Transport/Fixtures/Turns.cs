using System.Text;
using Registry.Server.Tests.Transport.Exchanges;

namespace Registry.Server.Tests.Transport.Fixtures;

/// <summary>Steps of the exchanges: what clients send, and what they expect.</summary>
internal static class Turns
{
    /// <summary>Expects neither FIN nor data: the connection accepts another request, and is then closed.</summary>
    public static readonly Step StaysOpen = async wire =>
    {
        await wire.SendAsync(Encoding.Latin1.GetBytes(Request("GET", "/v2/", "Connection: close")));
        Assert.Equal("200 close {}", (await wire.ReceiveAsync()).Summarize());
        await IsClosed!(wire);
    };

    /// <summary>Expects FIN, without data before it.</summary>
    public static readonly Step IsClosed = async wire => Assert.Equal(([], "closed"), await wire.ReceiveRestAsync());

    /// <summary>Expects FIN or a reset, without data before it. Unread bytes in flight cause a reset.</summary>
    public static readonly Step IsOver = async wire => Assert.Empty((await wire.ReceiveRestAsync()).Bytes);

    /// <summary>The client closes its sending side.</summary>
    public static readonly Step EndSending = wire => wire.EndSendingAsync();

    /// <summary>The first bytes of a response have arrived; the client has not read them yet.</summary>
    public static readonly Step HasBegun = wire => wire.ExpectBytesAsync();

    /// <summary>Sends an urgent byte, which servers ignore (RFC 9293, section 3.8.5).</summary>
    public static readonly Step SendUrgent = Do(wire => wire.SendUrgent());

    /// <summary>The client vanishes.</summary>
    public static readonly Step Reset = Do(wire => wire.Reset());

    /// <summary>The client closes both directions.</summary>
    public static readonly Step Close = Do(wire => wire.Close());

    /// <summary>The client reconnects.</summary>
    public static readonly Step Reconnect = wire => wire.ReconnectAsync();

    /// <summary>Sends a text. "{location}" stands for the Location of the latest upload.</summary>
    public static Step Send(string text) =>
        wire => wire.SendAsync(Encoding.Latin1.GetBytes(text.Replace("{location}", wire.Location, StringComparison.Ordinal)));

    public static Step Send(byte[] bytes) => wire => wire.SendAsync(bytes);

    /// <summary>Text and bytes in one segment, if they fit.</summary>
    public static Step Send(string text, byte[] bytes) => wire =>
        wire.SendAsync((byte[])[.. Encoding.Latin1.GetBytes(text.Replace("{location}", wire.Location, StringComparison.Ordinal)), .. bytes]);

    /// <summary>Bytes in segments of a size.</summary>
    public static Step SendBy(int size, byte[] bytes) => async wire =>
    {
        foreach (var piece in bytes.Chunk(size))
        {
            await wire.SendAsync(piece);
        }
    };

    /// <summary>The first bytes of an answer, which the client does not look at.</summary>
    public static Step Take(int count) => wire => wire.DiscardAsync(count);

    /// <summary>An answer, in the words of <see cref="WireAnswer.Summarize"/>.</summary>
    public static Step Answer(string summary, params string[] headers) => Answer(false, summary, headers);

    /// <summary>An answer without its body, whatever length it announces.</summary>
    public static Step AnswerToHead(string summary, params string[] headers) => Answer(true, summary, headers);

    /// <summary>
    /// Nothing, or the beginning of an answer with a blob, or all of it: when the client ends its side, an answer that is still to come
    /// may be dropped and one that is under way cut off, as either gets there first.
    /// </summary>
    public static Step AtMost(params TestBlob[] blobs) => async wire =>
    {
        var (rest, _) = await wire.ReceiveRestAsync();
        foreach (var blob in blobs)
        {
            var head = rest.AsSpan().IndexOf("\r\n\r\n"u8);
            if (head < 0)
            {
                Assert.StartsWith(Encoding.Latin1.GetString(rest, 0, Math.Min(12, rest.Length)), "HTTP/1.1 200");
                return;
            }

            rest = rest[(head + 4)..];
            var length = Math.Min(rest.Length, blob.Bytes.Length);
            Assert.True(rest.AsSpan(0, length).SequenceEqual(blob.Bytes.AsSpan(0, length)), "The bytes are not those of the blob.");
            rest = rest[length..];
        }

        Assert.Empty(rest);
    };

    /// <summary>Nothing or an answer, and the end: see <see cref="AtMost(TestBlob[])"/>.</summary>
    public static Step AtMost(string statusLine) => async wire =>
    {
        var text = Encoding.Latin1.GetString((await wire.ReceiveRestAsync()).Bytes);
        Assert.True(text.Length == 0 || text.StartsWith(statusLine, StringComparison.Ordinal), text);
    };

    /// <summary>These bytes and the end.</summary>
    public static Step Rest(byte[] bytes) => async wire => Assert.Equal(bytes, (await wire.ReceiveRestAsync()).Bytes);

    /// <summary>The same turns several times.</summary>
    public static Step Repeat(int times, params Step[] steps) => async wire =>
    {
        for (var i = 0; i < times; i++)
        {
            foreach (var step in steps)
            {
                await step(wire);
            }
        }
    };

    /// <summary>A request without a body.</summary>
    public static string Request(string method, string target, params string[] headers) => Head(method, target, "HTTP/1.1", headers);

    /// <summary>The same in an older dialect.</summary>
    public static string Head(string method, string target, string version, params string[] headers) =>
        $"{method} {target} {version}\r\nHost: registry\r\n{string.Concat(headers.Select(header => $"{header}\r\n"))}\r\n";

    public static string Get(TestBlob blob, params string[] headers) => Request("GET", Samples.Path(blob), headers);

    /// <summary>A chunked body (RFC 9112, section 7.1).</summary>
    public static byte[] Chunked(byte[] bytes, int size, string extension = "", string trailers = "")
    {
        var body = new MemoryStream();
        foreach (var chunk in bytes.Chunk(size))
        {
            body.Write(Encoding.Latin1.GetBytes($"{chunk.Length:x}{extension}\r\n"));
            body.Write(chunk);
            body.Write("\r\n"u8);
        }

        body.Write(Encoding.Latin1.GetBytes($"0{extension}\r\n{trailers}\r\n"));
        return body.ToArray();
    }

    private static Step Answer(bool isHead, string summary, string[] headers) => async wire =>
    {
        var answer = await wire.ReceiveAsync(isHead);
        Assert.True(summary == answer.Summarize(), $"Expected '{summary}', got '{answer.Summarize()}'. So far:\n{wire.Transcript}");
        Assert.All(headers, header => Assert.Contains($"\r\n{header}\r\n", answer.Head, StringComparison.Ordinal));
    };

    private static Step Do(Action<Wire> action) => wire =>
    {
        action(wire);
        return Task.CompletedTask;
    };
}
