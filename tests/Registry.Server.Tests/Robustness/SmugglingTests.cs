namespace Registry.Server.Tests.Robustness;

/// <summary>Messages that two servers on the way could cut in different places: one answer, 400, and the connection is over.</summary>
public sealed class SmugglingTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    // What would be a second request to who reads the first another way.
    private const string Hidden = "GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n";

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

        // Chunks whose size is none.
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n+0\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n{Hidden}",
        $"PATCH {{0}} HTTP/1.1\r\nHost: registry\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n{Hidden}");

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task Is_refused_once_and_the_connection_is_closed(string message)
    {
        var location = await fixture.Client.BeginUploadAsync("smuggling");
        using var connection = await RawConnection.OpenAsync(fixture.Registry);

        await connection.SendAsync(message.Replace("{0}", location, StringComparison.Ordinal));

        Check.Status(400, await connection.ReadAnswerAsync());
        Assert.True(await connection.IsClosedAsync());
        Check.Status(204, await fixture.Client.RequestAsync("DELETE", location));
    }

    [Fact]
    public async Task A_body_with_both_lengths_changes_nothing()
    {
        var blob = TestBlob.OfText("hello");
        var location = await fixture.Client.BeginUploadAsync("smuggling");
        using var connection = await RawConnection.OpenAsync(fixture.Registry);

        await connection.SendAsync(
            $"PUT {location}?digest={blob.Digest} HTTP/1.1\r\nHost: registry\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");

        Check.Error(400, "UNSUPPORTED", "malformed request", await connection.ReadAnswerAsync());
        Assert.True(await connection.IsClosedAsync());
        Assert.Equal("0-0", Check.Status(204, await fixture.Client.GetAnswerAsync(location))["Range"]);
        Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/smuggling/blobs/{blob.Digest}"));
    }

    [Fact]
    public async Task Chunk_extensions_and_trailers_carry_nothing()
    {
        var location = await fixture.Client.BeginUploadAsync("smuggling");
        using var connection = await RawConnection.OpenAsync(fixture.Registry);

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
        using var connection = await RawConnection.OpenAsync(fixture.Registry);
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
        using var connection = await RawConnection.OpenAsync(fixture.Registry);

        await connection.SendAsync($"GET /v2/ HTTP/1.1\r\nHost: registry\r\n{string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: y\r\n"))}\r\n");

        Check.Status(431, await connection.ReadAnswerAsync());
        Assert.True(await connection.IsClosedAsync());
    }
}
