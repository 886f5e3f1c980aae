using System.Net.Sockets;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Transport.Fixtures;
using static Registry.Testing.Connections.Http2Frames;

namespace Registry.Server.Tests.Robustness;

/// <summary>Messages that two servers could split differently: the registry answers once, with 400 or 501, and closes the connection.</summary>
public sealed class SmugglingTests(EitherTransport fixture) : IClassFixture<EitherTransport>
{
    // A second request to a server that reads the first another way.
    private const string Hidden = "GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n";

    // RFC 9110, section 8.6: 1*DIGIT, once.
    private static readonly string[] Lengths =
    [
        "+5", "-0", "+0", "-1", "-5", "0x5", "5h", "5.0", "5e0", "5 5", "5 ,", "5,5", "5, 5", "5;q=1", "\"5\"", "\u00b2", "\u0665", "5\v", "5\f", "",
        "99999999999999999999", "9223372036854775808", "18446744073709551621", "00000000000000000005",
    ];

    // RFC 9112, section 6.1: "chunked", once, the last, and without parameters.
    private static readonly string[] Codings =
    [
        "chunked, chunked", "chunked,chunked", "CHUNKED, chunked", "gzip, chunked, chunked", "chunked, gzip, chunked", "chunked\r\nTransfer-Encoding: chunked",
        "chunked, identity", "chunked, gzip", "identity", "gzip", "xchunked", "chunkedx", "chunked;q=1", "chunked; q=1", "chunked;", "chunked ;a=b", "\"chunked\"",
        "chunked chunked", "\vchunked", "chunked\v", "chunked,", ", chunked", ",", "", "gzip, , chunked", "chunked\r\nTransfer-Encoding: identity",
    ];

    private static readonly string[] OtherCodings =
    [
        "gzip, chunked", "gzip,chunked", "deflate, chunked", "compress, gzip, chunked", "identity, chunked", "x, Chunked", "gzip;q=1, chunked", "gzip\r\nTransfer-Encoding: chunked",
    ];

    public static TheoryData<string, int, TransportKind> Framings
    {
        get
        {
            var rows = new TheoryData<string, int, TransportKind>();
            foreach (var transport in Enum.GetValues<TransportKind>())
            {
                foreach (var length in Lengths)
                {
                    rows.Add($"HTTP/1.1\r\nHost: registry\r\nContent-Length: {length}\r\n\r\nabcde", 400, transport);
                }

                foreach (var (coding, status) in Codings.Select(coding => (coding, 400)).Concat(OtherCodings.Select(coding => (coding, 501))))
                {
                    rows.Add($"HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: {coding}\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", status, transport);
                }

                foreach (var coding in (string[])["chunked", "gzip, chunked", "identity"])
                {
                    rows.Add($"HTTP/1.0\r\nHost: registry\r\nConnection: keep-alive\r\nTransfer-Encoding: {coding}\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", 400, transport);
                }
            }

            return rows;
        }
    }

    public static TheoryData<string> Messages => new(
        // Both lengths (RFC 9112, section 6.1).
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{Hidden}",
        $"GET /v2/ HTTP/1.1\r\nHost: registry\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{Hidden}",

        // Several or odd lengths.
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nContent-Length: 1, 1\r\n\r\na{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nContent-Length: -1\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nContent-Length: 0x1\r\n\r\na{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nContent-Length: 99999999999999999999\r\n\r\na{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nContent-Length: \r\n\r\n{Hidden}",

        // Codings that are not "chunked", or not last.
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: identity\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nContent-Length : 1\r\n\r\na{Hidden}",

        // Lines that end in other ways, folded headers, white space where none belongs.
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nX: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nX: a\rContent-Length: 1\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nX: a\0b\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\n Host: registry\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost registry\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\n: x\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nHost: other\r\n\r\n{Hidden}",

        // Chunks whose size is none, and lines that end in other ways (RFC 9112, section 7.1).
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n1\na\n0\n\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n1;\nx\r\na\r\n0\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n1,1\r\na\r\n0\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n+0\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n{Hidden}");

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task Is_refused_once_and_the_connection_is_closed(string message)
    {
        foreach (var transport in Enum.GetValues<TransportKind>())
        {
            await AssertRefusedAsync(transport, message, 400);
        }
    }

    [Theory]
    [MemberData(nameof(Framings))]
    public async Task A_body_of_doubtful_length_is_refused_and_not_stored(string rest, int status, TransportKind transport)
    {
        foreach (var method in (string[])["PATCH", "PUT", "GET"])
        {
            await AssertRefusedAsync(transport, $"{method} {{0}} {rest}{Hidden}", status);
        }
    }

    [Theory]
    [InlineData("content-length", "0", TransportKind.Direct)]
    [InlineData("content-length", "0", TransportKind.Kestrel)]
    [InlineData("content-length", "+5", TransportKind.Direct)]
    [InlineData("content-length", "+5", TransportKind.Kestrel)]
    [InlineData("content-length", "-0", TransportKind.Direct)]
    [InlineData("content-length", "5, 5", TransportKind.Direct)]
    [InlineData("content-length", "", TransportKind.Direct)]
    [InlineData("transfer-encoding", "chunked", TransportKind.Direct)]
    [InlineData("transfer-encoding", "chunked", TransportKind.Kestrel)]
    [InlineData("transfer-encoding", "gzip, chunked", TransportKind.Direct)]
    public async Task HTTP2_has_no_doubtful_length_either(string header, string value, TransportKind transport)
    {
        using var client = new TcpClient();
        var address = new Uri(fixture[transport].Host.Addresses[1]);
        await client.ConnectAsync(address.Host, address.Port, TestContext.Current.CancellationToken);
        var stream = client.GetStream();

        await stream.WriteAsync((byte[])[.. Preface, .. Frame(Headers, EndStream | EndHeaders, 1, [.. Get("/v2/", isTls: false), .. Literal(0, value, header)])], TestContext.Current.CancellationToken);

        // A malformed message is an error of its stream or of its connection (RFC 9113, section 8.1.1), or is answered with 400: the twelfth of the
        // static table (RFC 7541, appendix A).
        (byte Type, byte[] Payload) frame;
        do
        {
            frame = await ReadAsync(stream, TestContext.Current.CancellationToken);
        }
        while (frame.Type is not (Headers or Reset or GoAway));
        if (value == "0")
        {
            // A usual one is answered with 200, the eighth.
            Assert.Equal((Headers, 0x88), (frame.Type, frame.Payload[0]));
            return;
        }

        Assert.Equal(frame.Type == Headers ? 0x8c : 1, frame.Type == Headers ? frame.Payload[0] : frame.Payload[^1]);
    }

    [Fact]
    public async Task Lengths_and_codings_in_the_usual_forms_are_taken()
    {
        foreach (var transport in Enum.GetValues<TransportKind>())
        {
            foreach (var framing in (string[])[
                "Content-Length: 5\r\n\r\nabcde", "Content-Length:5 \r\n\r\nabcde", "content-length: 0005\r\n\r\nabcde",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", "transfer-encoding:\tChunked \r\n\r\n5\r\nabcde\r\n0\r\n\r\n"])
            {
                var location = await fixture[transport].Client.BeginUploadAsync("smuggling");
                using var connection = await RawConnection.OpenAsync(fixture[transport]);

                await connection.SendAsync($"PATCH {location} HTTP/1.1\r\nHost: registry\r\n{framing}{Hidden}");

                Assert.Equal("0-4", Check.Status(202, await connection.ReadAnswerAsync())["Range"]);
                Check.Status(200, await connection.ReadAnswerAsync());
            }
        }
    }

    private TestRegistry Registry => fixture[TransportKind.Direct];

    [Fact]
    public async Task A_body_with_both_lengths_changes_nothing()
    {
        var blob = TestBlob.OfText("hello");
        var location = await Registry.Client.BeginUploadAsync("smuggling");
        using var connection = await RawConnection.OpenAsync(Registry);

        await connection.SendAsync(
            $"PUT {location.WithDigest(blob.Digest)} HTTP/1.1\r\nHost: registry\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");

        Check.Error(400, "UNSUPPORTED", "malformed request", await connection.ReadAnswerAsync());
        Assert.True(await connection.IsClosedAsync());
        Assert.Equal("0-0", Check.Status(204, await Registry.Client.GetAnswerAsync(location))["Range"]);
        Check.Status(404, await Registry.Client.HeadAnswerAsync($"/v2/smuggling/blobs/{blob.Digest}"));
    }

    [Fact]
    public async Task Chunk_extensions_and_trailers_carry_nothing()
    {
        var location = await Registry.Client.BeginUploadAsync("smuggling");
        using var connection = await RawConnection.OpenAsync(Registry);

        await connection.SendAsync(
            $"PATCH {location} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nab\r\n0\r\nContent-Range: 7-8\r\n\r\n{Hidden}");

        // Either it is refused and over, or those are ignored and the next request is answered by itself.
        var answer = await connection.ReadAnswerAsync();
        if (answer.Status == 400)
        {
            Assert.True(await connection.IsClosedAsync());
            return;
        }

        Assert.Equal("0-1", Check.Status(202, answer)["Range"]);
        Assert.Equal("{}", Check.Status(200, await connection.ReadAnswerAsync()).Text);
    }

    [Theory]
    [InlineData("GET /v2/ HTTP/1.1\r\nHost: registry\r\nX: {0}\r\n\r\n", 431)]
    [InlineData("GET /v2/{0} HTTP/1.1\r\nHost: registry\r\n\r\n", 414)]
    public async Task Giant_heads_are_refused(string format, int status)
    {
        using var connection = await RawConnection.OpenAsync(Registry);
        try
        {
            await connection.SendAsync(format.Replace("{0}", new string('a', 100_000), StringComparison.Ordinal));
        }
        catch (IOException)
        {
            // Closed while this was being sent: the answer may be here already.
        }

        Check.Status(status, await connection.ReadAnswerAsync());
        Assert.True(await connection.IsClosedAsync());
    }

    [Fact]
    public async Task Too_many_headers_are_refused()
    {
        using var connection = await RawConnection.OpenAsync(Registry);

        await connection.SendAsync($"GET /v2/ HTTP/1.1\r\nHost: registry\r\n{string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: y\r\n"))}\r\n");

        Check.Status(431, await connection.ReadAnswerAsync());
        Assert.True(await connection.IsClosedAsync());
    }

    private async Task AssertRefusedAsync(TransportKind transport, string message, int status)
    {
        var client = fixture[transport].Client;
        var location = await client.BeginUploadAsync("smuggling");
        using var connection = await RawConnection.OpenAsync(fixture[transport]);

        await connection.SendAsync(message.Replace("{0}", location, StringComparison.Ordinal));

        Check.Status(status, await connection.ReadAnswerAsync());
        Assert.True(await connection.IsClosedAsync());
        Assert.Equal("0-0", Check.Status(204, await client.GetAnswerAsync(location))["Range"]);
        Check.Status(204, await client.RequestAsync("DELETE", location));
    }
}
