using System.Buffers.Text;
using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Telemetry;
using Registry.Server.Tests.Transport.Fixtures;

namespace Registry.Server.Tests.Uploads;

/// <summary>Requests that clients repeat because they broke off or their response was lost: no bytes are appended twice, and the next step works.</summary>
public sealed class RepeatedUploadTests(TransportPair pair) : IClassFixture<TransportPair>
{
    public static TheoryData<TransportKind, bool, bool> Endings => new(
        from transport in Enum.GetValues<TransportKind>()
        from chunked in (bool[])[false, true]
        from reset in (bool[])[false, true]
        select (transport, chunked, reset));

    public static TheoryData<TransportKind, bool, bool, int> CutPuts => new(
        from ending in Endings
        from before in (int[])[0, 400_000]
        select (ending.Data.Item1, ending.Data.Item2, ending.Data.Item3, before));

    // containerd, regclient and skopeo push one PUT with the whole blob; other clients end their chunks with it. Both send it again as it was.
    [Theory]
    [MemberData(nameof(CutPuts))]
    public async Task A_PUT_that_was_cut_can_be_sent_again_as_it_was(TransportKind transport, bool chunked, bool reset, int before)
    {
        var registry = pair[transport];
        var blob = TestBlob.Random(2_000_000);
        var location = await registry.Client.BeginUploadAsync("again/put");
        if (before > 0)
        {
            location = Check.Status(202, await registry.Client.RequestAsync("PATCH", location, blob.Bytes[..before])).Location;
        }

        var (put, rest) = (location.WithDigest(blob.Digest), new TestBlob(blob.Bytes[before..]));
        for (var cut = 1; cut <= 3; cut++)
        {
            await CutAsync(registry, "PUT", put, rest, cut * 500_000, chunked, reset);
            var status = Check.Status(204, await registry.Client.GetAnswerAsync(put));
            Assert.Equal((location, $"0-{Math.Max(0, before - 1)}"), (status.Location, status["Range"]));
        }

        Check.Status(201, await registry.Client.RequestAsync("PUT", put, rest.Bytes));
        await AssertStoredAsync(registry, "again/put", blob);
    }

    // jib and the .NET SDK repeat a PATCH so, without Content-Range.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_PATCH_whose_answer_was_lost_is_416_when_it_comes_again_and_is_not_appended(bool chunked)
    {
        var registry = pair[TransportKind.Direct];
        var blob = TestBlob.Random(300_000);
        var first = await registry.Client.BeginUploadAsync("again/patch");
        var lost = Check.Status(202, await PatchAsync(registry, first, blob.Bytes, chunked));

        var again = await PatchAsync(registry, first, blob.Bytes, chunked);

        AssertStale(again, lost.Location, "0-299999");
        Check.Status(201, await registry.Client.RequestAsync("PUT", again.Location.WithDigest(blob.Digest)));
        await AssertStoredAsync(registry, "again/patch", blob);
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task A_PATCH_that_was_cut_is_416_when_it_comes_again_and_the_answer_says_where_to_go_on(TransportKind transport, bool chunked, bool reset)
    {
        var registry = pair[transport];
        var blob = TestBlob.Random(2_000_000);
        var first = await registry.Client.BeginUploadAsync("again/cut");
        await CutAsync(registry, "PATCH", first, blob, 1_000_000, chunked, reset, until: 1);

        var again = Check.Error(416, "BLOB_UPLOAD_INVALID", "chunk is out of order", await PatchAsync(registry, first, blob.Bytes, chunked));

        var received = Received(again);
        Assert.InRange(received, 2, 1_000_000);
        var rest = Check.Status(202, await PatchAsync(registry, again.Location, blob.Bytes[received..], chunked));
        Check.Status(201, await registry.Client.RequestAsync("PUT", rest.Location.WithDigest(blob.Digest)));
        await AssertStoredAsync(registry, "again/cut", blob);
    }

    // scheme/reg/blob.go: a PUT with the whole blob; when that fails, PATCH after PATCH at the same URL, which has the digest in it by now. What
    // is answered 4xx with Location and Range goes on there, and any other failure after a GET.
    [Fact]
    public async Task The_way_of_regclient_through_cuts_leads_to_the_blob()
    {
        const int ChunkSize = 800_000;
        var registry = pair[TransportKind.Direct];
        var blob = TestBlob.Random(3_000_000);
        var url = (await registry.Client.BeginUploadAsync("again/regclient")).WithDigest(blob.Digest);
        await CutAsync(registry, "PUT", url, blob, 900_000, chunked: false, reset: true);
        var cuts = 3;
        for (var start = 0; start < blob.Bytes.Length;)
        {
            var chunk = blob.Bytes[start..Math.Min(start + ChunkSize, blob.Bytes.Length)];
            var range = $"{start}-{start + chunk.Length - 1}";
            if (cuts-- > 0)
            {
                await CutAsync(registry, "PATCH", url, new TestBlob(chunk), ChunkSize / 2, chunked: false, reset: true, until: start + 1, $"Content-Range: {range}\r\n");
            }

            var answer = await registry.Client.RequestAsync("PATCH", url, chunk, ("Content-Range", range));
            Assert.Contains(answer.Status, (int[])[202, 416]);
            start = Received(answer);
            url = answer.Location;
        }

        Check.Status(201, await registry.Client.RequestAsync("PUT", url.WithDigest(blob.Digest), []));
        await AssertStoredAsync(registry, "again/regclient", blob);
    }

    // Registry.cs of Microsoft.NET.Build.Containers: after any failure, GET at the URL that has failed, and on from there.
    [Fact]
    public async Task The_way_of_the_dotnet_SDK_through_a_cut_leads_to_the_blob()
    {
        var registry = pair[TransportKind.Direct];
        var blob = TestBlob.Random(1_200_000);
        var first = await registry.Client.BeginUploadAsync("again/dotnet");
        await CutAsync(registry, "PATCH", first, blob, 500_000, chunked: false, reset: true, until: 1);
        Check.Status(416, await registry.Client.RequestAsync("PATCH", first, blob.Bytes[..100_000], ("Content-Range", "0-99999")));

        var status = Check.Status(204, await registry.Client.GetAnswerAsync(first));
        var received = Received(status);
        var rest = await registry.Client.RequestAsync(
            "PATCH", status.Location, blob.Bytes[received..], ("Content-Range", $"{received}-{blob.Bytes.Length - 1}"));

        Check.Status(201, await registry.Client.RequestAsync("PUT", Check.Status(202, rest).Location.WithDigest(blob.Digest)));
        await AssertStoredAsync(registry, "again/dotnet", blob);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    public async Task After_a_digest_that_does_not_match_the_upload_is_as_long_as_before_and_the_last_chunk_can_be_sent_again(int before)
    {
        var registry = pair[TransportKind.Direct];
        var blob = TestBlob.Random(9000);
        var location = await registry.Client.BeginUploadAsync("again/mismatch");
        location = Check.Status(202, await registry.Client.RequestAsync("PATCH", location, blob.Bytes[..before])).Location;

        foreach (var (digest, rest) in new[] { (TestBlob.Random().Digest, blob.Bytes[before..]), (TestBlob.Random().Sha512, blob.Bytes[before..]), (blob.Digest, [1, 2, 3]) })
        {
            var refused = await registry.Client.RequestAsync("PUT", location.WithDigest(digest), rest);
            Check.Error(400, "DIGEST_INVALID", "provided digest did not match uploaded content", refused);
            Assert.Equal((location, $"0-{Math.Max(0, before - 1)}"), (refused.Location, refused["Range"]));
        }

        Check.Status(201, await registry.Client.RequestAsync("PUT", location.WithDigest(blob.Digest), blob.Bytes[before..]));
        await AssertStoredAsync(registry, "again/mismatch", blob);
    }

    [Fact]
    public async Task A_stale_PUT_is_416_with_a_body_and_without_one()
    {
        var registry = pair[TransportKind.Direct];
        var blob = TestBlob.Random(1000);
        var stale = await registry.Client.BeginUploadAsync("again/stale");
        var current = Check.Status(202, await registry.Client.RequestAsync("PATCH", stale, blob.Bytes)).Location;

        foreach (var body in new[] { null, [], blob.Bytes, blob.Bytes[500..] })
        {
            AssertStale(await registry.Client.RequestAsync("PUT", stale.WithDigest(blob.Digest), body), current, "0-999");
        }

        Check.Status(201, await registry.Client.RequestAsync("PUT", current.WithDigest(blob.Digest)));
    }

    [Fact]
    public async Task GET_and_DELETE_take_any_Location_of_the_session()
    {
        var registry = pair[TransportKind.Direct];
        var stale = await registry.Client.BeginUploadAsync("again/get");
        var current = Check.Status(202, await registry.Client.RequestAsync("PATCH", stale, new byte[10])).Location;

        foreach (var location in new[] { stale, current, stale.WithoutPosition(), $"{stale.WithoutPosition()}?_state=x" })
        {
            Assert.Equal(current, Check.Status(204, await registry.Client.GetAnswerAsync(location)).Location);
        }

        Check.Status(204, await registry.Client.RequestAsync("DELETE", stale));
        Check.Status(404, await registry.Client.GetAnswerAsync(current));
    }

    // A URL that was made of the id, or by a registry that put no position in it.
    [Fact]
    public async Task A_URL_without_a_position_works_from_the_first_chunk_to_the_last()
    {
        var registry = pair[TransportKind.Direct];
        var blob = TestBlob.Random(3000);
        var url = (await registry.Client.BeginUploadAsync("again/by-id")).WithoutPosition();

        Check.Status(202, await registry.Client.RequestAsync("PATCH", url, blob.Bytes[..1000]));
        Check.Status(202, await registry.Client.RequestAsync("PATCH", url, blob.Bytes[1000..2000], ("Content-Range", "1000-1999")));
        Check.Status(201, await registry.Client.RequestAsync("PUT", url.WithDigest(blob.Digest), blob.Bytes[2000..]));
        await AssertStoredAsync(registry, "again/by-id", blob);
    }

    public static TheoryData<string> Unreadable =>
        ["", "0", "10", "x", "%00", "AAAAAAAAAA", "AAAAAAAAAAAA", "AAAAAAAAAAA&_state=AAAAAAAAAAA", "__________8", Base64Url.EncodeToString(new byte[9])];

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task A_position_that_the_registry_has_not_written_is_stale(string state)
    {
        var registry = pair[TransportKind.Direct];
        var location = await registry.Client.BeginUploadAsync("again/unreadable");

        var answer = await registry.Client.RequestAsync("PATCH", $"{location.WithoutPosition()}?_state={state}", new byte[10]);

        AssertStale(answer, location, "0-0");
        Check.Status(202, await registry.Client.RequestAsync("PATCH", answer.Location, new byte[10]));
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task A_PUT_whose_201_was_lost_is_201_when_it_comes_again(string algorithm)
    {
        var registry = pair[TransportKind.Direct];
        var blob = TestBlob.Random(300_000);
        var whole = (await registry.Client.BeginUploadAsync("again/done")).WithDigest(blob.In(algorithm));
        Check.Status(201, await registry.Client.RequestAsync("PUT", whole, blob.Bytes));
        var patched = Check.Status(202, await registry.Client.RequestAsync("PATCH", await registry.Client.BeginUploadAsync("again/done"), blob.Bytes));
        var closing = patched.Location.WithDigest(blob.In(algorithm));
        Check.Status(201, await registry.Client.RequestAsync("PUT", closing, []));

        foreach (var answer in new[]
        {
            await registry.Client.RequestAsync("PUT", whole, blob.Bytes), await registry.Client.StreamAsync("PUT", whole, blob.Bytes),
            await registry.Client.RequestAsync("PUT", closing, []), await registry.Client.RequestAsync("PUT", closing),
        })
        {
            Check.Status(201, answer);
            Assert.Equal($"/v2/again/done/blobs/{blob.In(algorithm)}", answer.Location);
            Assert.Equal(blob.In(algorithm), answer["Docker-Content-Digest"]);
        }

        var never = TestBlob.Random();
        Check.Error(
            404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry",
            await registry.Client.RequestAsync("PUT", whole.WithoutPosition().WithDigest(never.Digest), never.Bytes));
        Check.Status(404, await registry.Client.RequestAsync(
            "PUT", whole.Replace("again/done", "again/elsewhere", StringComparison.Ordinal), blob.Bytes));
    }

    [Fact]
    public async Task While_a_PUT_is_under_way_the_upload_is_seen_as_it_was_before()
    {
        var registry = pair[TransportKind.Direct];
        var blob = TestBlob.Random(1_000_000);
        var location = await registry.Client.BeginUploadAsync("again/busy");
        location = Check.Status(202, await registry.Client.RequestAsync("PATCH", location, blob.Bytes[..10])).Location;
        using var connection = await RawConnection.OpenAsync(registry);
        await connection.SendAsync($"PUT {location.WithDigest(blob.Digest)} HTTP/1.1\r\nHost: registry\r\nContent-Length: {blob.Bytes.Length - 10}\r\n\r\n");
        await connection.SendAsync(blob.Bytes.AsMemory(10, 900_000));
        var file = new FileInfo(Path.Combine(registry.StoragePath, "uploads", location.UploadId()));
        await Eventually.HoldsAsync(() => Task.FromResult(new FileInfo(file.FullName).Length > 10), "the body is being written");

        var status = Check.Status(204, await registry.Client.GetAnswerAsync(location));
        var busy = Check.Status(409, await registry.Client.RequestAsync("PUT", location.WithDigest(blob.Digest), blob.Bytes[10..]));

        Assert.All([status, busy], answer => Assert.Equal((location, "0-9"), (answer.Location, answer["Range"])));
        await connection.SendAsync(blob.Bytes.AsMemory(900_010));
        Check.Status(201, await connection.ReadAnswerAsync());
    }

    // A client may be faster than the server in noticing that a connection is gone. regclient gives up after a 409 to its PUT.
    [Fact]
    public async Task A_request_that_is_sent_again_waits_a_moment_for_the_first_one_to_let_go()
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(time: time);
        var blob = TestBlob.Random(500_000);
        var put = (await registry.Client.BeginUploadAsync("again/handover")).WithDigest(blob.Digest);
        using var first = await RawConnection.OpenAsync(registry);
        await first.SendAsync($"PUT {put} HTTP/1.1\r\nHost: registry\r\nContent-Length: {blob.Bytes.Length}\r\n\r\n");
        await first.SendAsync(blob.Bytes.AsMemory(0, 100_000));
        await Eventually.HoldsAsync(() => RegistryFixture.IsInUseAsync(registry, put), "the session is in use");

        // The clock stands still, so both would wait for ever; then one is out of patience, and the other is not.
        var impatient = registry.Client.RequestAsync("DELETE", put);
        await Eventually.HoldsAsync(
            async () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return (await Task.WhenAny(impatient, Task.Delay(1))) == impatient;
            },
            "the first is refused");
        Check.Error(409, "BLOB_UPLOAD_INVALID", "another request is using this upload", await impatient);
        var again = registry.Client.RequestAsync("PUT", put, blob.Bytes);
        first.Reset();

        Check.Status(201, await again);
        await AssertStoredAsync(registry, "again/handover", blob);
    }

    // What was written of the PUT is in the file, and nothing tells it from what was acknowledged before.
    [Fact]
    public async Task After_a_kill_in_the_middle_of_a_PUT_the_same_PUT_is_told_where_to_go_on()
    {
        using var folder = new TemporaryFolder("killed");
        await using var registry = await RegistryProcess.StartAsync(folder.Path);
        var blob = TestBlob.Random(2_000_000);
        string put;
        using (var client = new HttpClient { BaseAddress = registry.BaseAddress })
        {
            put = (await client.BeginUploadAsync("again/killed")).WithDigest(blob.Digest);
        }

        using (var connection = await RawConnection.OpenAsync(registry.BaseAddress))
        {
            await connection.SendAsync($"PUT {put} HTTP/1.1\r\nHost: registry\r\nContent-Length: {blob.Bytes.Length}\r\n\r\n");
            await connection.SendAsync(blob.Bytes.AsMemory(0, 1_000_000));
            var path = Path.Combine(folder.Path, "uploads", put.UploadId());
            await Eventually.HoldsAsync(() => Task.FromResult(File.Exists(path) && new FileInfo(path).Length > 1), "a part is written");
            registry.Kill();
        }

        await registry.StartAgainAsync(TestContext.Current.CancellationToken);
        using var after = new HttpClient { BaseAddress = registry.BaseAddress };
        var again = Check.Error(416, "BLOB_UPLOAD_INVALID", "chunk is out of order", await after.RequestAsync("PUT", put, blob.Bytes));

        Assert.InRange(Received(again), 2, 1_000_000);
        Check.Status(201, await after.RequestAsync("PUT", again.Location.WithDigest(blob.Digest), blob.Bytes[Received(again)..]));
        Assert.Equal(blob.Bytes, Check.Status(200, await after.GetAnswerAsync($"/v2/again/killed/blobs/{blob.Digest}")).Body);
    }

    [Fact]
    public async Task Whatever_was_wrong_with_a_request_the_answer_says_where_its_session_is()
    {
        var registry = pair[TransportKind.Direct];
        var location = await registry.Client.BeginUploadAsync("again/errors");
        location = Check.Status(202, await registry.Client.RequestAsync("PATCH", location, new byte[10])).Location;

        foreach (var (status, method, url, header) in new (int, string, string, (string, string)[])[]
        {
            (400, "PATCH", location, [("Content-Range", "nonsense")]),
            (416, "PATCH", location, [("Content-Range", "0-2")]),
            (400, "PUT", location, []),
            (400, "PUT", location.WithDigest("nonsense"), []),
            (400, "PUT", location.WithDigest(TestBlob.Random().Digest), []),
            (400, "PUT", location.WithDigest(TestBlob.Random().Digest), [("Content-Range", "nonsense")]),
        })
        {
            var answer = Check.Status(status, await registry.Client.RequestAsync(method, url, [1, 2, 3], header));
            Assert.Equal((location, "0-9", location.UploadId()), (answer.Location, answer["Range"], answer["Docker-Upload-UUID"]));
        }
    }

    // Sends a part of a body and goes away, and waits until the server has noticed.
    private static async Task CutAsync(
        TestRegistry registry, string method, string url, TestBlob blob, int sent, bool chunked, bool reset, int until = 0, string headers = "")
    {
        using var connection = await RawConnection.OpenAsync(registry);
        var length = chunked ? "Transfer-Encoding: chunked" : $"Content-Length: {blob.Bytes.Length}";
        var chunk = chunked ? $"{blob.Bytes.Length:x}\r\n" : string.Empty;
        await connection.SendAsync($"{method} {url} HTTP/1.1\r\nHost: registry\r\n{length}\r\n{headers}\r\n{chunk}");
        await connection.SendAsync(blob.Bytes.AsMemory(0, sent));
        await Eventually.HoldsAsync(() => RegistryFixture.IsInUseAsync(registry, url), "the session is in use");
        await Eventually.HoldsAsync(async () => await ReceivedAsync(registry, url) >= until, "something has arrived");
        if (reset)
        {
            connection.Reset();
        }
        else
        {
            connection.EndSending();
        }

        await Eventually.HoldsAsync(async () => !await RegistryFixture.IsInUseAsync(registry, url), "the server has noticed");
    }

    // What a reset finds unread is lost with the connection. A node keeps what it has read in memory until the request ends, and reports what S3 has.
    private static async Task<double> ReceivedAsync(TestRegistry registry, string location) => TestRegistry.Stores is null
        ? (await registry.Host.Storage.Uploads.FindAsync(Guid.Parse(location.UploadId())))!.Length
        : (await MetricsPage.ReadAsync(registry.Client, registry))["registry_s3_upload_memory_used_bytes"];

    private static Task<Answer> PatchAsync(TestRegistry registry, string url, byte[] body, bool chunked) =>
        chunked ? registry.Client.StreamAsync("PATCH", url, body) : registry.Client.RequestAsync("PATCH", url, body);

    private static void AssertStale(Answer answer, string location, string range)
    {
        Check.Error(416, "BLOB_UPLOAD_INVALID", "chunk is out of order", answer);
        Assert.Equal((location, range), (answer.Location, answer["Range"]));
    }

    private static int Received(Answer answer) => int.Parse(answer["Range"]!["0-".Length..], CultureInfo.InvariantCulture) + 1;

    private static async Task AssertStoredAsync(TestRegistry registry, string repository, TestBlob blob) =>
        Assert.Equal(blob.Bytes, Check.Status(200, await registry.Client.GetAnswerAsync($"/v2/{repository}/blobs/{blob.Digest}")).Body);
}
