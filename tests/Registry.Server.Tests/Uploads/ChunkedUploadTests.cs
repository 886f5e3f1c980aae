namespace Registry.Server.Tests.Uploads;

/// <summary>OCI distribution-spec, "Pushing a blob in chunks".</summary>
public sealed class ChunkedUploadTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private const string Algorithms = "sha256 sha512 sha512?digest-algorithm=sha512 sha256?digest-algorithm=sha512 sha512?digest-algorithm=sha256";

    public static TheoryData<string, string> AnnouncedAndNot => [.. Algorithms.Split(' ').Select(row => (row.Split('?')[0], row[row.Split('?')[0].Length..]))];

    [Theory]
    [MemberData(nameof(AnnouncedAndNot))]
    public async Task Chunks_in_order_and_a_closing_PUT_make_a_blob(string algorithm, string query)
    {
        var blob = TestBlob.Random(300_007);
        var location = await BeginAsync("chunks/in-order", query);

        foreach (var (first, last) in Chunks(blob, 3))
        {
            var answer = Check.Status(202, await PatchAsync(location, blob, first, last));
            Assert.Equal($"0-{last}", answer["Range"]);
            Assert.NotEqual(location, answer.Location);
            Assert.Equal(location.WithoutPosition(), answer.Location.WithoutPosition());
            Assert.Equal(location.UploadId(), answer["Docker-Upload-UUID"]);
            location = answer.Location;
        }

        await AssertCompletesAsync(blob, algorithm, location, "chunks/in-order");
    }

    [Theory]
    [MemberData(nameof(AnnouncedAndNot))]
    public async Task The_last_chunk_may_come_with_the_PUT(string algorithm, string query)
    {
        var blob = TestBlob.Random(300_007);
        var location = await BeginAsync("chunks/last-in-put", query);
        var chunks = Chunks(blob, 3);
        location = Check.Status(202, await PatchAsync(location, blob, chunks[0].First, chunks[0].Last)).Location;
        location = Check.Status(202, await PatchAsync(location, blob, chunks[1].First, chunks[1].Last)).Location;

        var (first, last) = chunks[2];
        var answer = await fixture.Client.RequestAsync(
            "PUT", location.WithDigest(blob.In(algorithm)), blob.Bytes[first..], ("Content-Range", $"{first}-{last}"));

        await AssertCreatedAsync(blob, algorithm, answer, "chunks/last-in-put");
    }

    [Theory]
    [MemberData(nameof(AnnouncedAndNot))]
    public async Task A_stream_without_length_or_range_makes_a_blob(string algorithm, string query)
    {
        var blob = TestBlob.Random(700_001);
        var location = await BeginAsync("chunks/stream", query);

        var answer = Check.Status(202, await fixture.Client.StreamAsync("PATCH", location, blob.Bytes));

        Assert.Equal("0-700000", answer["Range"]);
        await AssertCompletesAsync(blob, algorithm, answer.Location, "chunks/stream");
    }

    [Fact]
    public async Task Streams_may_follow_each_other()
    {
        var blob = TestBlob.Random(100_000);
        var location = await BeginAsync("chunks/streams");

        location = Check.Status(202, await fixture.Client.StreamAsync("PATCH", location, blob.Bytes[..30_000])).Location;
        location = Check.Status(202, await fixture.Client.RequestAsync("PATCH", location, blob.Bytes[30_000..60_000])).Location;
        var answer = await fixture.Client.StreamAsync("PUT", location.WithDigest(blob.Digest), blob.Bytes[60_000..]);

        await AssertCreatedAsync(blob, "sha256", answer, "chunks/streams");
    }

    [Fact]
    public async Task A_stream_may_say_where_it_belongs()
    {
        var blob = TestBlob.Random(1000);
        var location = await BeginAsync("chunks/ranged-stream");

        location = Check.Status(202, await fixture.Client.StreamAsync("PATCH", location, blob.Bytes[..400], ("Content-Range", "0-399"))).Location;
        location = Check.Status(202, await fixture.Client.StreamAsync("PATCH", location, blob.Bytes[400..], ("Content-Range", "400-999"))).Location;

        await AssertCompletesAsync(blob, "sha256", location, "chunks/ranged-stream");
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task A_PATCH_out_of_order_is_416_and_the_session_goes_on(string algorithm)
    {
        var blob = TestBlob.Random(3000);
        var location = await BeginAsync("chunks/out-of-order");

        // Too early, the first chunk, that chunk again, one that overlaps it, one that leaves a gap; then the rest.
        AssertOutOfOrder(await PatchAsync(location, blob, 1000, 1999), location, "0-0");
        location = Check.Status(202, await PatchAsync(location, blob, 0, 999)).Location;
        AssertOutOfOrder(await PatchAsync(location, blob, 0, 999), location, "0-999");
        AssertOutOfOrder(await PatchAsync(location, blob, 999, 1999), location, "0-999");
        AssertOutOfOrder(await PatchAsync(location, blob, 1001, 1999), location, "0-999");
        var status = Check.Status(204, await fixture.Client.GetAnswerAsync(location));
        Assert.Equal(("0-999", location), (status["Range"], status.Location));
        location = Check.Status(202, await PatchAsync(location, blob, 1000, 2999)).Location;

        await AssertCompletesAsync(blob, algorithm, location, "chunks/out-of-order");
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task A_PUT_out_of_order_is_416_and_the_session_goes_on(string algorithm)
    {
        var blob = TestBlob.Random(3000);
        var location = await BeginAsync("chunks/put-out-of-order");
        var put = location.WithDigest(blob.In(algorithm));
        AssertOutOfOrder(await fixture.Client.RequestAsync("PUT", put, blob.Bytes[2000..], ("Content-Range", "2000-2999")), location, "0-0");
        location = Check.Status(202, await PatchAsync(location, blob, 0, 1999)).Location;
        put = location.WithDigest(blob.In(algorithm));
        AssertOutOfOrder(await fixture.Client.RequestAsync("PUT", put, blob.Bytes[1000..], ("Content-Range", "1000-2999")), location, "0-1999");
        AssertOutOfOrder(await fixture.Client.RequestAsync("PUT", put, blob.Bytes, ("Content-Range", "0-2999")), location, "0-1999");
        Assert.Equal("0-1999", Check.Status(204, await fixture.Client.GetAnswerAsync(put))["Range"]);

        var answer = await fixture.Client.RequestAsync("PUT", put, blob.Bytes[2000..], ("Content-Range", "2000-2999"));
        await AssertCreatedAsync(blob, algorithm, answer, "chunks/put-out-of-order");
    }

    [Fact]
    public async Task A_stream_out_of_order_is_416_and_nothing_of_it_is_kept()
    {
        var blob = TestBlob.Random(1000);
        var location = await BeginAsync("chunks/stream-out-of-order");

        AssertOutOfOrder(await fixture.Client.StreamAsync("PATCH", location, blob.Bytes, ("Content-Range", "1-1000")), location, "0-0");
        location = Check.Status(202, await fixture.Client.StreamAsync("PATCH", location, blob.Bytes, ("Content-Range", "0-999"))).Location;

        await AssertCompletesAsync(blob, "sha256", location, "chunks/stream-out-of-order");
    }

    [Fact]
    public async Task An_empty_chunk_changes_nothing()
    {
        var blob = TestBlob.Random(10);
        var location = await BeginAsync("chunks/empty");

        var empty = Check.Status(202, await fixture.Client.RequestAsync("PATCH", location, []));
        Assert.Equal(("0-0", location), (empty["Range"], empty.Location));
        var full = Check.Status(202, await fixture.Client.RequestAsync("PATCH", location, blob.Bytes));
        Assert.Equal("0-9", full["Range"]);
        location = full.Location;
        var again = Check.Status(202, await fixture.Client.StreamAsync("PATCH", location, []));
        Assert.Equal(("0-9", location), (again["Range"], again.Location));

        await AssertCompletesAsync(blob, "sha256", location, "chunks/empty");
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task An_empty_blob_needs_no_chunk(string algorithm)
    {
        var location = await BeginAsync("chunks/empty-blob");

        await AssertCompletesAsync(TestBlob.OfText(""), algorithm, location, "chunks/empty-blob");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chunks_that_do_not_make_the_digest_are_refused_and_kept(bool streamed)
    {
        var (blob, other) = (TestBlob.Random(1000), TestBlob.Random(1000));
        var location = await BeginAsync("chunks/mismatch");
        location = Check.Status(202, streamed ? await fixture.Client.StreamAsync("PATCH", location, blob.Bytes) : await PatchAsync(location, blob, 0, 999)).Location;

        foreach (var digest in new[] { other.Digest, other.Sha512 })
        {
            Check.Error(
                400, "DIGEST_INVALID", "provided digest did not match uploaded content",
                await fixture.Client.RequestAsync("PUT", location.WithDigest(digest)));
            Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/chunks/mismatch/blobs/{digest}"));
        }

        await AssertCompletesAsync(blob, "sha256", location, "chunks/mismatch");
    }

    [Fact]
    public async Task More_may_follow_a_digest_that_did_not_match()
    {
        var blob = TestBlob.Random(1000);
        var location = await BeginAsync("chunks/too-early");
        location = Check.Status(202, await PatchAsync(location, blob, 0, 499)).Location;
        Check.Status(400, await fixture.Client.RequestAsync("PUT", location.WithDigest(blob.Digest)));

        location = Check.Status(202, await PatchAsync(location, blob, 500, 999)).Location;

        await AssertCompletesAsync(blob, "sha256", location, "chunks/too-early");
    }

    private static IReadOnlyList<(int First, int Last)> Chunks(TestBlob blob, int count)
    {
        var size = (blob.Bytes.Length / count) + 1;
        return [.. Enumerable.Range(0, count).Select(i => (i * size, Math.Min((i + 1) * size, blob.Bytes.Length) - 1))];
    }

    private async Task<string> BeginAsync(string repository, string query = "") =>
        Check.Status(202, await fixture.Client.RequestAsync("POST", $"/v2/{repository}/blobs/uploads/{query}")).Location;

    private Task<Answer> PatchAsync(string location, TestBlob blob, int first, int last) => fixture.Client.RequestAsync(
        "PATCH", location, blob.Bytes[first..(last + 1)], ("Content-Range", $"{first}-{last}"), ("Content-Type", "application/octet-stream"));

    private static void AssertOutOfOrder(Answer answer, string location, string range)
    {
        Check.Error(416, "BLOB_UPLOAD_INVALID", "chunk is out of order", answer);
        Assert.Equal((location, range), (answer.Location, answer["Range"]));
    }

    private async Task AssertCompletesAsync(TestBlob blob, string algorithm, string location, string repository) =>
        await AssertCreatedAsync(blob, algorithm, await fixture.Client.RequestAsync("PUT", location.WithDigest(blob.In(algorithm)), []), repository);

    private async Task AssertCreatedAsync(TestBlob blob, string algorithm, Answer answer, string repository)
    {
        Check.Status(201, answer);
        Assert.Equal($"/v2/{repository}/blobs/{blob.In(algorithm)}", answer.Location);
        Assert.Equal(blob.In(algorithm), answer["Docker-Content-Digest"]);
        Assert.Equal(blob.Bytes, Check.Status(200, await fixture.Client.GetAnswerAsync(answer.Location)).Body);
    }
}
