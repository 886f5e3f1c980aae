using System.Globalization;
using System.Net;
using System.Text;
using Registry.Server.Configuration.Values;
using Registry.Server.Http.Ranges;
using Registry.Server.Tests.Tls;

namespace Registry.Server.Tests.Pull;

/// <summary>
/// Hundreds of ranges in one request, as podman sends for the missing chunks of a layer (RFC 9110, section 14.2 and 14.6).
/// </summary>
public sealed class ManyRangesTests
{
    [Theory]
    [InlineData(TransportKind.Direct, false, false)]
    [InlineData(TransportKind.Direct, false, true)]
    [InlineData(TransportKind.Direct, true, false)]
    [InlineData(TransportKind.Direct, true, true)]
    [InlineData(TransportKind.Kestrel, false, false)]
    [InlineData(TransportKind.Kestrel, false, true)]
    [InlineData(TransportKind.Kestrel, true, false)]
    [InlineData(TransportKind.Kestrel, true, true)]
    public async Task A_thousand_ranges_of_eleven_digits_beside_a_token_are_answered_byte_for_byte(TransportKind transport, bool isTls, bool isHttp2)
    {
        using var tls = new TlsFolder();
        await using var registry = await TestRegistry.StartAsync(options => isTls
            ? tls.Configure(options with { Transport = transport })
            : options with { Transport = transport, Http2Port = 0 }, isOnDisk: true);
        using var client = Connect(registry, isTls, isHttp2);
        var blob = await client.PushBlobAsync("range/many", TestBlob.Random(5_000_000));
        (int First, int Last)[] ranges = [.. Enumerable.Range(0, 1024).Select(i => (i * 4880, (i * 4880) + (i * 37 % 4400)))];

        var answer = Check.Status(206, await client.GetAnswerAsync(
            $"/v2/range/many/blobs/{blob.Digest}",
            ("Range", $"bytes={string.Join(',', ranges.Select(range => $"{range.First:d11}-{range.Last:d11}"))}"),
            ("Authorization", $"Bearer {new string('t', 8192)}")));

        Assert.True(Expected(answer, ranges, blob.Bytes).AsSpan().SequenceEqual(answer.Body), "The parts are not those that were asked for.");
        Assert.Equal(answer.Body.Length, answer.Length);
        Assert.Equal(blob.Bytes, (await client.GetAnswerAsync($"/v2/range/many/blobs/{blob.Digest}")).Body);
    }

    [Theory]
    [InlineData(3_000)]
    [InlineData(60_000)]
    [InlineData(70_000)]
    [InlineData(2_000_000)]
    public async Task Whatever_is_asked_for_is_answered_right_and_with_no_more_than_the_whole(int size)
    {
        await using var registry = await TestRegistry.StartAsync(isOnDisk: true);
        var blob = await registry.Client.PushBlobAsync("range/any", TestBlob.Random(size));
        for (var seed = 0; seed < 100; seed++)
        {
#pragma warning disable CA5394 // The same ranges every time are the point.
            var random = new Random(seed);
            List<(int First, int Last)> ranges = [];
            for (var at = 0; at < size && ranges.Count < random.Next(2, 1500); at = ranges[^1].Last + 1 + random.Next(size / 20))
            {
                ranges.Add((at, Math.Min(size - 1, at + random.Next(1 + (size / 40)))));
            }
#pragma warning restore CA5394

            var answer = await registry.Client.GetAnswerAsync(
                $"/v2/range/any/blobs/{blob.Digest}", ("Range", $"bytes={string.Join(',', ranges.Select(range => $"{range.First}-{range.Last}"))}"));

            var expected = ranges.Count == 1 ? blob.Bytes[ranges[0].First..(ranges[0].Last + 1)]
                : answer.Status == 206 ? Expected(answer, ranges, blob.Bytes)
                : blob.Bytes;
            Assert.True(answer.Body.AsSpan().SequenceEqual(expected), $"Seed {seed}: {answer.Status} with {answer.Body.Length} bytes, {expected.Length} expected");
            Assert.InRange(answer.Body.Length, 1, size);
            Assert.Equal(answer.Body.Length, answer.Length);
        }
    }

    [Theory]
    [InlineData(0, 1_000_000)]
    [InlineData(9, 10)]
    [InlineData(99_999_999_999, 100_000_000_000)]
    [InlineData(9_223_372_036_854_775_806, 9_223_372_036_854_775_807)]
    public void The_length_is_that_of_heads_parts_and_end(long offset, long size)
    {
        var parts = new MultipartRanges([new ByteRange(0, 5), new ByteRange(offset, 1)], size);
        var heads = new byte[MultipartRanges.MaxHead];

        var length = parts.Parts.Sum(part => parts.WriteHead(part, heads) + part.Length) + parts.End.Length;

        Assert.Equal(length, parts.Length);
        Assert.Equal(length > size, parts.IsLargerThanWhole);
        Assert.EndsWith($"\r\nContent-Range: bytes {offset}-{offset}/{size}\r\n\r\n", Encoding.ASCII.GetString(heads, 0, parts.WriteHead(parts.Parts[1], heads)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_left_out_of_the_guard_is_ignored()
    {
        Assert.Equal(2048, RangeHeader.Parse(Ascending(2048), 1_000_000)!.Count);
        Assert.Null(RangeHeader.Parse(Ascending(2049), 1_000_000));
        Assert.Equal(32, RangeHeader.Parse($"bytes={string.Join(',', Enumerable.Repeat("5-6", 32))}", 1_000_000)!.Count);
        Assert.Null(RangeHeader.Parse($"bytes={string.Join(',', Enumerable.Repeat("5-6", 33))}", 1_000_000));
        Assert.Null(RangeHeader.Parse($"{Ascending(33)},0-0", 1_000_000));
    }

    private static string Ascending(int count) => $"bytes={string.Join(',', Enumerable.Range(0, count).Select(i => $"{i * 10}-{(i * 10) + 3}"))}";

    // The whole body as RFC 9110 has it, around the boundary that the server has chosen.
    private static byte[] Expected(Answer answer, IEnumerable<(int First, int Last)> ranges, byte[] blob)
    {
        const string Type = "multipart/byteranges; boundary=";
        Assert.StartsWith(Type, answer["Content-Type"], StringComparison.Ordinal);
        var boundary = answer["Content-Type"]![Type.Length..];
        var body = new MemoryStream();
        foreach (var (first, last) in ranges)
        {
            body.Write(Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {first}-{last}/{blob.Length}\r\n\r\n")));
            body.Write(blob.AsSpan(first..(last + 1)));
        }

        body.Write(Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"));
        return body.ToArray();
    }

    private static HttpClient Connect(TestRegistry registry, bool isTls, bool isHttp2)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false };
#pragma warning disable CA5359 // It is the registry that was just started.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        return new HttpClient(handler)
        {
            BaseAddress = new Uri(registry.Host.Addresses[isHttp2 && !isTls ? 1 : 0]),
            DefaultRequestVersion = isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }
}
