using Microsoft.Extensions.Time.Testing;
using Registry.Server.Configuration.Values;

namespace Registry.Server.Tests.Uploads;

/// <summary>Requests that continue an upload whose earlier request has stopped without an end, as when a connection vanishes on the way.</summary>
public sealed class TakeoverTests
{
    private const int Half = 10_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly TestBlob Blob = TestBlob.Random(2 * Half);

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task A_request_at_the_end_of_the_upload_takes_over_from_a_silent_PATCH(TransportKind transport)
    {
        var time = new FakeTimeProvider();
        await using var registry = await StartAsync(time, transport);
        var location = await registry.Client.BeginUploadAsync("takeover");
        using var silent = await BeginHalfAsync(registry, time, "PATCH", location);
        time.Advance(Limit);

        var status = Check.Status(204, await registry.Client.GetAnswerAsync(location));
        Assert.Equal($"0-{Half - 1}", status["Range"]);
        var answer = Check.Status(202, await registry.Client.RequestAsync("PATCH", status.Location, Blob.Bytes[Half..]));
        Check.Status(201, await registry.Client.RequestAsync("PUT", answer.Location.WithDigest(Blob.Digest)));
        Assert.Equal(Blob.Bytes, Check.Status(200, await registry.Client.GetAnswerAsync($"/v2/takeover/blobs/{Blob.Digest}")).Body);
        await AssertEndedAsync(silent);
    }

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task A_PUT_that_is_sent_again_takes_over_from_a_silent_one(TransportKind transport)
    {
        var time = new FakeTimeProvider();
        await using var registry = await StartAsync(time, transport);
        var put = (await registry.Client.BeginUploadAsync("takeover")).WithDigest(Blob.Digest);
        using var silent = await BeginHalfAsync(registry, time, "PUT", put);
        time.Advance(Limit);

        Check.Status(201, await registry.Client.RequestAsync("PUT", put, Blob.Bytes));
        Assert.Equal(Blob.Bytes, Check.Status(200, await registry.Client.GetAnswerAsync($"/v2/takeover/blobs/{Blob.Digest}")).Body);
        await AssertEndedAsync(silent);
    }

    [Fact]
    public async Task A_DELETE_takes_over_from_a_silent_request()
    {
        var time = new FakeTimeProvider();
        await using var registry = await StartAsync(time);
        var location = await registry.Client.BeginUploadAsync("takeover");
        using var silent = await BeginHalfAsync(registry, time, "PATCH", location);
        time.Advance(Limit);

        Check.Status(204, await registry.Client.RequestAsync("DELETE", location));
        Check.Status(404, await registry.Client.GetAnswerAsync(location));
        await AssertEndedAsync(silent);
    }

    [Fact]
    public async Task A_request_at_another_position_is_416_and_ends_nothing()
    {
        var time = new FakeTimeProvider();
        await using var registry = await StartAsync(time);
        var location = await registry.Client.BeginUploadAsync("takeover");
        using var silent = await BeginHalfAsync(registry, time, "PATCH", location);
        time.Advance(Limit);

        var again = registry.Client.RequestAsync("PATCH", location, Blob.Bytes);
        await Eventually.HoldsAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return Task.FromResult(again.IsCompleted);
            },
            "the request is answered");
        Check.Error(416, "BLOB_UPLOAD_INVALID", "chunk is out of order", await again);
        Assert.Equal(((await registry.Client.GetAnswerAsync(location)).Location, $"0-{Half - 1}"), ((await again).Location, (await again)["Range"]));

        await silent.SendAsync(Blob.Bytes.AsMemory(Half));
        var answer = Check.Status(202, await silent.ReadAnswerAsync());
        Check.Status(201, await registry.Client.RequestAsync("PUT", answer.Location.WithDigest(Blob.Digest)));
    }

    [Fact]
    public async Task A_request_that_still_sends_keeps_the_upload_and_the_other_is_409()
    {
        var time = new FakeTimeProvider();
        await using var registry = await StartAsync(time);
        var location = await registry.Client.BeginUploadAsync("takeover");
        using var holder = await BeginHalfAsync(registry, time, "PATCH", location);
        var sent = Half;
        time.Advance(Limit - TimeSpan.FromMilliseconds(100));
        await SendByteAsync();

        var other = registry.Client.RequestAsync("DELETE", location);
        while (!other.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await SendByteAsync();
        }

        Check.Error(409, "BLOB_UPLOAD_INVALID", "another request is using this upload", await other);
        Assert.Equal("5", (await other)["Retry-After"]);
        await holder.SendAsync(Blob.Bytes.AsMemory(sent));
        Check.Status(202, await holder.ReadAnswerAsync());

        async Task SendByteAsync()
        {
            await holder.SendAsync(Blob.Bytes.AsMemory(sent++, 1));
            await Eventually.HoldsAsync(() => Task.FromResult(SilenceOf(registry, location) == TimeSpan.Zero), "the byte has arrived");
        }
    }

    private static Task<TestRegistry> StartAsync(FakeTimeProvider time, TransportKind transport = TransportKind.Direct) =>
        TestRegistry.StartAsync(options => options with { Transport = transport }, time: time);

    private static TimeSpan? SilenceOf(TestRegistry registry, string location) =>
        registry.Host.Storage.Uploads.SilenceOf(Guid.Parse(location.UploadId()));

    // Sends the first half of the blob, and waits until it is written and the server waits for more.
    private static async Task<RawConnection> BeginHalfAsync(TestRegistry registry, FakeTimeProvider time, string method, string location)
    {
        var connection = await RawConnection.OpenAsync(registry);
        await connection.SendAsync($"{method} {location} HTTP/1.1\r\nHost: registry\r\nContent-Length: {Blob.Bytes.Length}\r\n\r\n");
        await connection.SendAsync(Blob.Bytes.AsMemory(0, Half));
        var file = new FileInfo(Path.Combine(registry.StoragePath, "uploads", location.UploadId()));
        await Eventually.HoldsAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(0.5));
                file.Refresh();
                return Task.FromResult(file is { Exists: true, Length: Half } && SilenceOf(registry, location) is not null);
            },
            "the half is written");
        return connection;
    }

    private static async Task AssertEndedAsync(RawConnection connection)
    {
        var answer = await connection.ReadAnswerAsync();
        Check.Error(409, "BLOB_UPLOAD_INVALID", "another request has continued this upload", answer);
        Assert.Equal(["this request had sent nothing for 5 seconds"], Check.Details(answer));
        Assert.Equal("close", answer["Connection"]);
    }
}
