using System.Net;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Transport;
using Registry.Server.Transport.Buffers;

namespace Registry.Server.Tests.Uploads;

/// <summary>REGISTRY_IDLE_TIMEOUT, slow bodies, and clients that close their side in the middle of one.</summary>
public sealed class PausedUploadTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly byte[] Beginning = TestBlob.Random(10_000).Bytes;

    public enum Body
    {
        Length,
        Chunked,
        Http2,
    }

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task A_client_may_pause_for_almost_the_idle_limit_again_and_again(TransportKind transport)
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(options => options with { Transport = transport }, time: time);
        var blob = TestBlob.Random(1_200_000);
        var location = await registry.Client.BeginUploadAsync("pause");
        using var connection = await BeginPatchAsync(registry, location, blob.Bytes.Length);
        var (sent, received) = (0, 0L);
        foreach (var piece in blob.Bytes.Chunk(400_000))
        {
            Pass(time, 59);
            await connection.SendAsync(piece);
            sent += piece.Length;
            if (sent < blob.Bytes.Length)
            {
                var before = received;
                await Eventually.HoldsAsync(
                    async () => (received = (await registry.Host.Storage.Uploads.FindAsync(Guid.Parse(location.UploadId())))!.Length) > before, "the piece has arrived");
            }
        }

        var answer = Check.Status(202, await connection.ReadAnswerAsync());
        Check.Status(201, await registry.Client.RequestAsync("PUT", answer.Location.WithDigest(blob.Digest)));
    }

    [Theory]
    [InlineData(TransportKind.Direct, "PATCH", "0-9999")]
    [InlineData(TransportKind.Kestrel, "PATCH", "0-9999")]
    [InlineData(TransportKind.Direct, "PUT", "0-0")]
    [InlineData(TransportKind.Kestrel, "PUT", "0-0")]
    public async Task After_the_idle_limit_the_answer_is_408_and_says_where_to_go_on(TransportKind transport, string method, string range)
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(options => options with { Transport = transport }, time: time);
        var blob = TestBlob.Random(20_000);
        var location = (await registry.Client.BeginUploadAsync("idle")).WithDigest(blob.Digest);
        using var connection = await BeginPatchAsync(registry, location, blob.Bytes.Length, method);
        await connection.SendAsync(blob.Bytes.AsMemory(0, 10_000));

        var answer = await AnswerAsync(connection, time, () => Task.CompletedTask);

        Check.Error(408, "SIZE_INVALID", "the request body arrived too slowly", answer);
        Assert.Equal(["the client sent nothing for 60 seconds"], Check.Details(answer));
        Assert.Equal(("close", range), (answer["Connection"], answer["Range"]));
        var rest = method == "PATCH" ? blob.Bytes[10_000..] : blob.Bytes;
        Check.Status(201, await registry.Client.RequestAsync("PUT", answer.Location.WithDigest(blob.Digest), rest));
    }

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task A_client_that_trickles_is_408_although_it_never_pauses(TransportKind transport)
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(options => options with { Transport = transport }, time: time);
        var location = await registry.Client.BeginUploadAsync("trickle");
        using var connection = await BeginPatchAsync(registry, location, 100_000);

        var answer = await AnswerAsync(connection, time, () => connection.SendAsync("x"));

        Check.Error(408, "SIZE_INVALID", "the request body arrived too slowly", answer);
        Assert.Equal(["the client sent less than 1024 bytes a second for 30 seconds"], Check.Details(answer));
        Assert.Equal("close", answer["Connection"]);
    }

    [Theory]
    [InlineData(TransportKind.Direct, Body.Length)]
    [InlineData(TransportKind.Direct, Body.Chunked)]
    [InlineData(TransportKind.Direct, Body.Http2)]
    [InlineData(TransportKind.Kestrel, Body.Length)]
    [InlineData(TransportKind.Kestrel, Body.Chunked)]
    [InlineData(TransportKind.Kestrel, Body.Http2)]
    public async Task What_a_paused_client_has_sent_is_written_after_a_second(TransportKind transport, Body body)
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(options => Patient(options) with { Transport = transport, Http2Port = 0 }, time: time);
        var location = await registry.Client.BeginUploadAsync("held");
        using var paused = await PauseAsync(registry, location, body);

        await Eventually.HoldsAsync(
            async () =>
            {
                time.Advance(Second);
                return await WrittenAsync(registry, location) == Beginning.Length;
            },
            "the bytes are in the file");
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task While_memory_is_short_what_a_client_has_sent_is_written_at_once()
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(Patient, time: time);
        var pool = ((DirectTransport)registry.Host.Transport).Pool;
        var taken = new List<IDisposable>();
        while (!pool.IsCrowded)
        {
            taken.Add(pool.Rent(BlockPool.LargestBlock));
        }

        var location = await registry.Client.BeginUploadAsync("crowded");
        using var paused = await PauseAsync(registry, location, Body.Length);

        await Eventually.HoldsAsync(async () => await WrittenAsync(registry, location) == Beginning.Length, "the bytes are in the file");
        taken.ForEach(block => block.Dispose());
    }

    [Fact]
    public async Task Over_HTTP2_a_body_that_stops_is_408_and_the_other_requests_of_the_connection_go_on()
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(options => options with { Http2Port = 0 }, time: time);
        using var client = new HttpClient { BaseAddress = new Uri(registry.Host.Addresses[1]), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        var location = (await client.RequestAsync("POST", "/v2/h2/blobs/uploads/")).Location;
        var stop = new TaskCompletionSource();
        using var request = new HttpRequestMessage(HttpMethod.Patch, location) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content = new StallingContent([1, 2, 3], stop.Task);
        var sending = client.SendAsync(request);

        await Eventually.HoldsAsync(
            () =>
            {
                time.Advance(Second);
                return Task.FromResult(sending.IsCompleted);
            },
            "the request is answered");

        using var response = await sending;
        Assert.Equal(HttpStatusCode.RequestTimeout, response.StatusCode);
        Assert.Equal("0-2", Assert.Single(response.Headers.GetValues("Range")));
        stop.SetResult();
        Check.Status(204, await client.GetAnswerAsync(response.Headers.Location!.ToString()));
    }

    [Theory]
    [InlineData(TransportKind.Direct, false)]
    [InlineData(TransportKind.Direct, true)]
    [InlineData(TransportKind.Kestrel, false)]
    [InlineData(TransportKind.Kestrel, true)]
    public async Task A_client_that_ends_its_side_in_the_middle_of_a_body_has_gone_away(TransportKind transport, bool chunked)
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { Transport = transport });
        string[] beginnings = chunked ? ["", "6\r\nabc", "6\r\nabcdef\r\n", "6"] : ["", "abc", "GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n"];
        foreach (var beginning in beginnings)
        {
            var location = await registry.Client.BeginUploadAsync("gone");
            using var connection = await RawConnection.OpenAsync(registry);
            await connection.SendAsync(
                $"PATCH {location} HTTP/1.1\r\nHost: registry\r\n{(chunked ? "Transfer-Encoding: chunked" : "Content-Length: 100")}\r\n\r\n{beginning}");
            await Eventually.HoldsAsync(() => RegistryFixture.IsInUseAsync(registry, location), "the session is in use");
            connection.EndSending();
            var answer = await connection.ReadToEndAsync();
            Assert.True(answer.Length == 0 || answer.AsSpan().StartsWith("HTTP/1.1 400 "u8));
            Assert.Equal(answer.AsSpan().LastIndexOf("HTTP/1.1"u8), answer.AsSpan().IndexOf("HTTP/1.1"u8));
        }

        await Eventually.HoldsAsync(
            () => Task.FromResult(registry.Log.Entries.Count(entry => entry.Message.Contains("the client has gone away", StringComparison.Ordinal)) == beginnings.Length),
            "all are logged as gone");
        Assert.DoesNotContain(registry.Log.Entries, entry => entry.Level >= LogLevel.Warning);
        if (!chunked)
        {
            Assert.Contains(registry.Log.Entries, entry => entry.Message.Contains("the client has gone away", StringComparison.Ordinal) && entry.Message.Contains(" 3 B in", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task A_length_beyond_the_largest_blob_is_413_before_the_body_and_before_100(TransportKind transport)
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { BlobMaxSize = 1000, Transport = transport });
        var digest = TestBlob.Random().Digest;
        foreach (var expect in new[] { string.Empty, "Expect: 100-continue\r\n" })
        {
            var location = await registry.Client.BeginUploadAsync("large");
            location = Check.Status(202, await registry.Client.RequestAsync("PATCH", location, new byte[500])).Location;
            foreach (var (method, url, length) in new[]
            {
                ("POST", $"/v2/large/blobs/uploads/?digest={digest}", 1001), ("PATCH", location, 501),
                ("PUT", (await registry.Client.BeginUploadAsync("large")).WithDigest(digest), 9_000_000_000),
            })
            {
                using var connection = await RawConnection.OpenAsync(registry);
                await connection.SendAsync($"{method} {url} HTTP/1.1\r\nHost: registry\r\nContent-Length: {length}\r\n{expect}\r\n");
                Check.Error(413, "SIZE_INVALID", "blob too large", await connection.ReadAnswerAsync());
            }
        }
    }

    // No body is slow.
    private static RegistryOptions Patient(RegistryOptions options) =>
        options with { IdleTimeout = TimeSpan.FromDays(1), Limits = new ConnectionTimes { SlowGrace = TimeSpan.FromDays(1) } };

    private static async Task<long> WrittenAsync(TestRegistry registry, string location) =>
        (await registry.Host.Storage.Uploads.FindAsync(Guid.Parse(location.UploadId())))!.Length;

    // Sends the beginning of a body, and leaves the rest open until the result is disposed.
    private static async Task<IDisposable> PauseAsync(TestRegistry registry, string location, Body body)
    {
        if (body == Body.Http2)
        {
            var client = new HttpClient { BaseAddress = new Uri(registry.Host.Addresses[1]), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
            _ = client.PatchAsync(location, new StallingContent(Beginning, new TaskCompletionSource().Task));
            return client;
        }

        var connection = await RawConnection.OpenAsync(registry);
        await connection.SendAsync($"PATCH {location} HTTP/1.1\r\nHost: registry\r\n{(body == Body.Length ? "Content-Length: 20000" : "Transfer-Encoding: chunked")}\r\n\r\n");
        if (body == Body.Chunked)
        {
            await connection.SendAsync("4e20\r\n");
        }

        await connection.SendAsync(Beginning);
        return connection;
    }

    private static async Task<RawConnection> BeginPatchAsync(TestRegistry registry, string location, int length, string method = "PATCH")
    {
        var connection = await RawConnection.OpenAsync(registry);
        await connection.SendAsync($"{method} {location} HTTP/1.1\r\nHost: registry\r\nContent-Length: {length}\r\n\r\n");
        await Eventually.HoldsAsync(() => RegistryFixture.IsInUseAsync(registry, location), "the session is in use");
        return connection;
    }

    private static void Pass(FakeTimeProvider time, int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            time.Advance(Second);
        }
    }

    // Lets seconds pass until the server answers.
    private static async Task<Answer> AnswerAsync(RawConnection connection, FakeTimeProvider time, Func<Task> everySecond)
    {
        var answer = connection.ReadAnswerAsync();
        await Eventually.HoldsAsync(
            async () =>
            {
                if (!answer.IsCompleted)
                {
                    await everySecond();
                    time.Advance(Second);
                }

                return answer.IsCompleted;
            },
            "the request is answered");
        return await answer;
    }

    private sealed class StallingContent(byte[] beginning, Task stop) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(beginning);
            await stream.FlushAsync();
            await stop;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
