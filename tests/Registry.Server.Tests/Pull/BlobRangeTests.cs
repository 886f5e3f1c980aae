using System.Globalization;
using System.Text;

namespace Registry.Server.Tests.Pull;

/// <summary>RFC 9110, section 14, as the OCI distribution-spec asks for it in "Pulling blobs".</summary>
public sealed class BlobRangeTests(DiskFixture fixture) : IClassFixture<DiskFixture>
{
    private const int Size = 2048;

    [Theory]
    [InlineData("bytes=500-1499", 500, 1499)]
    [InlineData("bytes=0-0", 0, 0)]
    [InlineData("bytes=0-2047", 0, 2047)]
    [InlineData("bytes=2047-2047", 2047, 2047)]
    [InlineData("bytes=500-", 500, 2047)]
    [InlineData("bytes=0-", 0, 2047)]
    [InlineData("bytes=2047-", 2047, 2047)]
    [InlineData("bytes=-500", 1548, 2047)]
    [InlineData("bytes=-1", 2047, 2047)]
    [InlineData("bytes=-2048", 0, 2047)]
    [InlineData("bytes=-5000", 0, 2047)]
    [InlineData("bytes=2000-5000", 2000, 2047)]
    [InlineData("bytes=0-99999999999999999999999999", 0, 2047)]
    [InlineData("Bytes=1-2", 1, 2)]
    [InlineData("bytes= 1-2 ", 1, 2)]
    [InlineData("bytes=1-2,", 1, 2)]
    [InlineData("bytes=,1-2", 1, 2)]
    [InlineData("bytes=1-2, 5000-6000", 1, 2)]
    public async Task One_range_is_answered_206_with_its_bytes(string range, int first, int last)
    {
        foreach (var (blob, digest) in await BlobsAsync())
        {
            var answer = Check.Status(206, await GetAsync(digest, ("Range", range)));

            Assert.Equal(blob.Bytes[first..(last + 1)], answer.Body);
            Assert.Equal(last - first + 1, answer.Length);
            Assert.Equal($"bytes {first}-{last}/{Size}", answer["Content-Range"]);
            Assert.Equal("application/octet-stream", answer["Content-Type"]);
            Assert.Equal(digest, answer["Docker-Content-Digest"]);
            Assert.Equal($"\"{digest}\"", answer["ETag"]);
        }
    }

    [Theory]
    [InlineData("bytes=2048-")]
    [InlineData("bytes=2048-2048")]
    [InlineData("bytes=5000-10000")]
    [InlineData("bytes=-0")]
    [InlineData("bytes=500-0")]
    [InlineData("bytes=99999999999999999999999999-")]
    [InlineData("bytes=3000-,4000-5000,-0")]
    public async Task A_range_with_nothing_in_it_is_answered_416_with_the_size(string range)
    {
        foreach (var (_, digest) in await BlobsAsync())
        {
            var answer = Check.Error(416, "UNSUPPORTED", "requested range not satisfiable", await GetAsync(digest, ("Range", range)));

            Assert.Equal($"bytes */{Size}", answer["Content-Range"]);
            Assert.Null(answer["ETag"]);
            Assert.Null(answer["Docker-Content-Digest"]);
        }
    }

    [Theory]
    [InlineData("bytes=")]
    [InlineData("bytes=,")]
    [InlineData("bytes=abc")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=1")]
    [InlineData("bytes=--1")]
    [InlineData("bytes=-")]
    [InlineData("bytes=1-2-3")]
    [InlineData("bytes=0x1-0x2")]
    [InlineData("bytes=+1-2")]
    [InlineData("bytes=1.0-2")]
    [InlineData("bytes=0-1,x")]
    [InlineData("bytes:0-1")]
    [InlineData("0-1")]
    [InlineData("items=0-1")]
    [InlineData("bytes 0-1")]
    public async Task What_is_no_byte_range_is_ignored(string range)
    {
        foreach (var (blob, digest) in await BlobsAsync())
        {
            var answer = Check.Status(200, await GetAsync(digest, ("Range", range)));

            Assert.Equal(blob.Bytes, answer.Body);
            Assert.Null(answer["Content-Range"]);
        }
    }

    [Theory]
    [InlineData("bytes=0-0,2-3")]
    [InlineData("bytes=0-99, 200-299, -10")]
    [InlineData("bytes=1000-,0-9")]
    [InlineData("bytes=0-0,5000-6000,2-3")]
    public async Task Several_ranges_are_answered_with_a_part_each(string range)
    {
        var blob = await fixture.Client.PushBlobAsync("range/parts", TestBlob.Random(Size));

        var answer = Check.Status(206, await fixture.Client.GetAnswerAsync($"/v2/range/parts/blobs/{blob.Digest}", ("Range", range)));

        var parts = ReadParts(answer);
        Assert.Equal(Satisfiable(range), parts.Select(part => part.Range));
        Assert.All(parts, part => Assert.Equal(blob.Bytes[part.Range.First..(part.Range.Last + 1)], part.Bytes));
        Assert.Null(answer["Content-Range"]);
        Assert.Equal(answer.Body.Length, answer.Length);
    }

    [Fact]
    public async Task Parts_that_weigh_more_than_the_whole_are_answered_with_the_whole()
    {
        var blob = await fixture.Client.PushBlobAsync("range/abuse", TestBlob.Random(Size));
        var path = $"/v2/range/abuse/blobs/{blob.Digest}";

        var overlapping = await fixture.Client.GetAnswerAsync(path, ("Range", "bytes=0-,0-"));
        var many = await fixture.Client.GetAnswerAsync(path, ("Range", "bytes=" + string.Join(',', Enumerable.Range(0, 100).Select(i => $"{2 * i}-{2 * i}"))));

        Assert.Equal(blob.Bytes, Check.Status(200, overlapping).Body);
        Assert.Equal(blob.Bytes, Check.Status(200, many).Body);
    }

    [Theory]
    [InlineData("\"{0}\"", 206)]
    [InlineData("W/\"{0}\"", 200)]
    [InlineData("{0}", 200)]
    [InlineData("\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"", 200)]
    [InlineData("Wed, 21 Oct 2015 07:28:00 GMT", 200)]
    [InlineData("*", 200)]
    public async Task If_Range_lets_a_range_through_only_with_this_entity_tag(string ifRange, int status)
    {
        foreach (var (blob, digest) in await BlobsAsync())
        {
            var condition = string.Format(CultureInfo.InvariantCulture, ifRange, digest);
            var answer = Check.Status(status, await GetAsync(digest, ("Range", "bytes=1-2"), ("If-Range", condition)));

            Assert.Equal(status == 206 ? blob.Bytes[1..3] : blob.Bytes, answer.Body);
        }
    }

    [Fact]
    public async Task If_Range_that_does_not_match_also_hides_a_range_that_cannot_be_satisfied()
    {
        var (blob, digest) = (await BlobsAsync())[0];

        Assert.Equal(blob.Bytes, Check.Status(200, await GetAsync(digest, ("Range", "bytes=9999-"), ("If-Range", "\"x\""))).Body);
    }

    [Theory]
    [InlineData("bytes=0-")]
    [InlineData("bytes=0-0")]
    [InlineData("bytes=-1")]
    public async Task Nothing_of_an_empty_blob_can_be_satisfied(string range)
    {
        var empty = await fixture.Client.PushBlobAsync("range/empty", TestBlob.OfText(""));

        var answer = Check.Status(416, await fixture.Client.GetAnswerAsync($"/v2/range/empty/blobs/{empty.Digest}", ("Range", range)));

        Assert.Equal("bytes */0", answer["Content-Range"]);
    }

    [Theory]
    [InlineData("bytes=0-9")]
    [InlineData("bytes=9999-")]
    public async Task HEAD_ignores_Range(string range)
    {
        foreach (var (_, digest) in await BlobsAsync())
        {
            var answer = Check.Status(200, await fixture.Client.HeadAnswerAsync($"/v2/range/blobs/blobs/{digest}", ("Range", range)));

            Assert.Equal(Size, answer.Length);
            Assert.Null(answer["Content-Range"]);
        }
    }

    private Task<Answer> GetAsync(string digest, params (string, string)[] headers) =>
        fixture.Client.GetAnswerAsync($"/v2/range/blobs/blobs/{digest}", headers);

    private async Task<IReadOnlyList<(TestBlob Blob, string Digest)>> BlobsAsync()
    {
        var blob = TestBlob.Random(Size);
        await fixture.Client.PushBlobAsync("range/blobs", blob);
        await fixture.Client.PushBlobAsync("range/blobs", blob, "sha512");
        return [(blob, blob.Digest), (blob, blob.Sha512)];
    }

    private static IEnumerable<(int First, int Last)> Satisfiable(string header) =>
        header["bytes=".Length..].Split(',', StringSplitOptions.TrimEntries).Select(spec => spec.Split('-'))
            .Select(ends => ends[0].Length == 0
                ? (Size - int.Parse(ends[1], CultureInfo.InvariantCulture), Size - 1)
                : (int.Parse(ends[0], CultureInfo.InvariantCulture), ends[1].Length == 0 ? Size - 1 : int.Parse(ends[1], CultureInfo.InvariantCulture)))
            .Where(range => range.Item1 < Size);

    // RFC 2046, section 5.1: parts between "--boundary" lines, the last one with two more dashes.
    private static List<((int First, int Last) Range, byte[] Bytes)> ReadParts(Answer answer)
    {
        const string Type = "multipart/byteranges; boundary=";
        Assert.StartsWith(Type, answer["Content-Type"], StringComparison.Ordinal);
        var text = Encoding.Latin1.GetString(answer.Body);
        var pieces = text.Split($"\r\n--{answer["Content-Type"]![Type.Length..]}");
        Assert.Equal("--\r\n", pieces[^1]);
        Assert.Equal(string.Empty, pieces[0]);
        return [.. pieces[1..^1].Select(ReadPart)];
    }

    private static ((int First, int Last) Range, byte[] Bytes) ReadPart(string piece)
    {
        var end = piece.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var headers = piece[2..end].Split("\r\n").Select(line => line.Split(": ")).ToDictionary(h => h[0], h => h[1]);
        Assert.Equal("application/octet-stream", headers["Content-Type"]);
        var range = headers["Content-Range"].Split(' ', '-', '/');
        Assert.Equal(("bytes", $"{Size}"), (range[0], range[3]));
        return ((int.Parse(range[1], CultureInfo.InvariantCulture), int.Parse(range[2], CultureInfo.InvariantCulture)), Encoding.Latin1.GetBytes(piece[(end + 4)..]));
    }
}
