using Microsoft.Extensions.Time.Testing;
using Registry.Core.Oci;
using Registry.Mirror.Tests.Upstreams.Fixtures;
using Registry.Mirror.Upstreams;
using Registry.Mirror.Upstreams.Requests;

namespace Registry.Mirror.Tests.Upstreams;

public sealed class BlobTests
{
    private const string Type = "application/octet-stream";

    private readonly TestBlob _blob = TestBlob.Random();
    private readonly FakeTimeProvider _time = new();

    private Digest Digest => Digest.Parse(_blob.Digest);

    [Theory]
    [InlineData(0L, null, null, 0, 1000)]
    [InlineData(0L, 10L, "bytes=0-9", 0, 10)]
    [InlineData(990L, null, "bytes=990-", 990, 1000)]
    [InlineData(500L, 100L, "bytes=500-599", 500, 600)]
    [InlineData(990L, 100L, "bytes=990-1089", 990, 1000)]
    public async Task A_range_is_asked_for_and_given(long offset, long? length, string? range, int from, int to)
    {
        string? asked = null;
        await using var server = await ScriptedServer.StartAsync(context =>
        {
            asked = context.Request.Headers.Range.FirstOrDefault();
            if (asked is null)
            {
                return context.BodyAsync(_blob.Bytes, Type);
            }

            context.Response.StatusCode = 206;
            return context.BodyAsync(_blob.Bytes[from..to], Type, ("Content-Range", $"bytes {from}-{to - 1}/1000"));
        });
        using var upstream = TestUpstream.At(server);

        var blob = (await upstream.OpenAsync(_blob.Digest, offset, length)).Given();

        Assert.Equal((range, from, 1000), (asked, (int)blob.Offset, (int)blob.Length!));
        Assert.Equal(_blob.Bytes[from..to], await blob.ReadAsync());
    }

    [Fact]
    public async Task An_upstream_without_ranges_gives_all_bytes()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.BodyAsync(_blob.Bytes, Type));
        using var upstream = TestUpstream.At(server);
        var blob = (await upstream.OpenAsync(_blob.Digest, 500)).Given();
        Assert.Equal((0, 1000), (blob.Offset, blob.Length));
        Assert.Equal(_blob.Bytes, await blob.ReadAsync());
    }

    [Theory]
    [InlineData("bytes 400-599/1000")]
    [InlineData("bytes 500-600/1000")]
    [InlineData("bytes 500-550/1000")]
    [InlineData("bytes 501-599/1000")]
    [InlineData("items 500-599/1000")]
    [InlineData("bytes */1000")]
    [InlineData("nonsense")]
    public async Task Another_range_is_wrong(string range)
    {
        await using var server = await ScriptedServer.StartAsync(context =>
        {
            context.Response.StatusCode = 206;
            return context.BodyAsync(_blob.Bytes[500..600], Type, ("Content-Range", range));
        });
        using var upstream = TestUpstream.At(server);
        Assert.Equal("docker.io answered with another range than was asked for", (await upstream.OpenAsync(_blob.Digest, 500, 100)).Reason(UpstreamFaultKind.Wrong));
        (await upstream.OpenAsync(_blob.Digest)).Reason(UpstreamFaultKind.Wrong);
    }

    [Fact]
    public async Task A_blob_that_ends_before_the_range_is_wrong()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.Status(416, ("Content-Range", "bytes */400")));
        using var upstream = TestUpstream.At(server);
        Assert.Equal("docker.io has fewer bytes of the blob than were asked for", (await upstream.OpenAsync(_blob.Digest, 500)).Reason(UpstreamFaultKind.Wrong));
    }

    [Fact]
    public async Task An_encoded_blob_is_wrong()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.BodyAsync(_blob.Bytes, Type, ("Content-Encoding", "gzip")));
        using var upstream = TestUpstream.At(server);
        (await upstream.OpenAsync(_blob.Digest)).Reason(UpstreamFaultKind.Wrong);
        (await upstream.FindBlobAsync(TestUpstream.Repository, Digest, TestContext.Current.CancellationToken)).Reason(UpstreamFaultKind.Wrong);
    }

    [Fact]
    public async Task Reading_ends_with_an_IOException_when_the_connection_breaks_and_the_next_request_is_sent()
    {
        using var hasRead = new SemaphoreSlim(0);
        await using var server = await ScriptedServer.StartAsync(async context =>
        {
            context.Response.ContentLength = _blob.Bytes.Length;
            await context.Response.Body.WriteAsync(_blob.Bytes.AsMemory(0, 100), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await hasRead.WaitAsync(context.RequestAborted);
            context.Abort();
        });
        using var upstream = TestUpstream.At(server);
        for (var i = 0; i < 3; i++)
        {
            var blob = (await upstream.OpenAsync(_blob.Digest)).Given();
            await blob.Content.ReadExactlyAsync(new byte[100], TestContext.Current.CancellationToken);
            hasRead.Release();
            await Assert.ThrowsAnyAsync<IOException>(blob.ReadAsync);
        }

        Assert.Null(upstream.Away);
    }

    [Fact]
    public async Task Reading_ends_with_an_IOException_when_nothing_arrives()
    {
        await using var server = await ScriptedServer.StartAsync(async context =>
        {
            await context.Response.Body.WriteAsync(_blob.Bytes.AsMemory(0, 100), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await context.HangAsync();
        });
        using var upstream = TestUpstream.At(server, _time);
        await using var blob = (await upstream.OpenAsync(_blob.Digest)).Given();
        await blob.Content.ReadExactlyAsync(new byte[100], TestContext.Current.CancellationToken);

        // A reader that is slow is not silence.
        _time.Advance(TimeSpan.FromHours(1));
        var read = blob.Content.ReadAsync(new byte[100], TestContext.Current.CancellationToken).AsTask();
        Assert.False(read.IsCompleted);
        _time.Advance(new UpstreamLimits().Silence);
        Assert.Equal("docker.io has sent nothing for 30 s", (await Assert.ThrowsAsync<IOException>(() => read)).Message);
    }

    [Fact]
    public async Task A_reader_that_gives_up_is_cancelled()
    {
        await using var server = await ScriptedServer.StartAsync(async context =>
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await context.HangAsync();
        });
        using var upstream = TestUpstream.At(server);
        await using var blob = (await upstream.OpenAsync(_blob.Digest)).Given();
        using var leaves = new CancellationTokenSource();
        var read = blob.Content.ReadAsync(new byte[100], leaves.Token).AsTask();
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    [Fact]
    public async Task Blobs_that_are_read_slowly_leave_connections_for_ranges_and_manifests()
    {
        var image = TestImage.Create();
        await using var server = await ScriptedServer.StartAsync(async context =>
        {
            if (context.Request.Path.Value!.Contains("manifests", StringComparison.Ordinal))
            {
                await context.ManifestAsync(image);
                return;
            }

            await context.Response.Body.FlushAsync(context.RequestAborted);
            await context.HangAsync();
        });
        using var upstream = TestUpstream.At(server, configure: settings => settings with { Connections = 4 });
        var open = new List<UpstreamBlob>();
        for (var i = 0; i < 2; i++)
        {
            open.Add((await upstream.OpenAsync(_blob.Digest)).Given());
        }

        var waiting = upstream.OpenAsync(_blob.Digest);
        open.Add((await upstream.OpenAsync(_blob.Digest, 0, 10)).Given());
        var alsoWaiting = upstream.OpenAsync(_blob.Digest, 0, 10);
        (await upstream.GetAsync()).Given();
        Assert.False(waiting.IsCompleted || alsoWaiting.IsCompleted);
        await open[0].DisposeAsync();
        open[0] = (await waiting).Given();
        await open[2].DisposeAsync();
        open[2] = (await alsoWaiting).Given();
        foreach (var blob in open)
        {
            await blob.DisposeAsync();
        }
    }

    public static TheoryData<int, string?, string?> Sizes => new()
    {
        { 200, "1000", null },
        { 200, null, "bytes 0-0/1000" },
        { 403, null, "bytes 0-0/1000" },
        { 405, null, "bytes 0-0/1000" },
        { 200, null, null },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task The_size_is_told_by_HEAD_or_by_the_first_byte(int head, string? length, string? range)
    {
        await using var server = await ScriptedServer.StartAsync(context =>
        {
            if (context.Request.Method == "HEAD")
            {
                context.Status(head);
                context.Response.Headers.ContentLength = length is null ? null : 1000;
                return Task.CompletedTask;
            }

            Assert.Equal("bytes=0-0", context.Request.Headers.Range);
            context.Response.StatusCode = range is null ? 200 : 206;
            return range is null ? context.BodyAsync(_blob.Bytes, Type) : context.BodyAsync(_blob.Bytes[..1], Type, ("Content-Range", range));
        });
        using var upstream = TestUpstream.At(server);
        Assert.Equal(1000, (await upstream.FindBlobAsync(TestUpstream.Repository, Digest, TestContext.Current.CancellationToken)).Given());
    }

    [Fact]
    public async Task An_empty_blob_has_no_first_byte()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.Status(context.Request.Method == "HEAD" ? 405 : 416, ("Content-Range", "bytes */0")));
        using var upstream = TestUpstream.At(server);
        Assert.Equal(0, (await upstream.FindBlobAsync(TestUpstream.Repository, Digest, TestContext.Current.CancellationToken)).Given());
    }
}
