using Microsoft.Extensions.Time.Testing;
using Registry.Core.Access;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Robustness;

/// <summary>Limits for clients: each limit has its own error, and a refused request frees its resources.</summary>
public sealed class LimitTests
{
    private const int MaxSize = 100_000;

    private static readonly TestBlob Largest = TestBlob.Random(MaxSize);
    private static readonly TestBlob TooLarge = TestBlob.Random(MaxSize + 1);

    [Fact]
    public async Task More_uploads_than_may_be_in_progress_are_429_until_one_ends()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { UploadMaxSessions = 3 });
        var locations = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            locations.Add(await registry.Client.BeginUploadAsync("flood"));
        }

        var refused = await registry.Client.RequestAsync("POST", "/v2/flood/blobs/uploads/");
        Check.Error(429, "TOOMANYREQUESTS", "too many uploads are in progress; finish or cancel some, or try again later", refused);
        Assert.Equal("5", refused["Retry-After"]);
        await registry.Client.PushBlobAsync("flood", TestBlob.OfText("in one request"));

        Check.Status(204, await registry.Client.RequestAsync("DELETE", locations[0]));
        locations[0] = await registry.Client.BeginUploadAsync("flood");
        await registry.RestartAsync();
        Check.Status(429, await registry.Client.RequestAsync("POST", "/v2/flood/blobs/uploads/"));

        var blob = TestBlob.OfText("finished");
        Check.Status(201, await registry.Client.RequestAsync("PUT", locations[1].WithDigest(blob.Digest), blob.Bytes));
        await registry.Client.BeginUploadAsync("flood");
    }

    // One user took all sessions in two seconds, and every other one was refused for an hour.
    [Fact]
    public async Task A_user_who_takes_all_uploads_leaves_room_for_the_next()
    {
        using var folder = new AccessFolder("""{"defaultPolicy":"allow"}""");
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Basic) with { UploadMaxSessions = 80 });
        Assert.Equal(20, await RefusedAfterAsync(registry, "the user 'alice'", AccessFolder.Basic("alice")));
        Assert.Equal(16, await RefusedAfterAsync(registry, "the user 'bob'", AccessFolder.Basic("bob")));
    }

    [Fact]
    public async Task A_network_that_takes_all_anonymous_uploads_leaves_room_for_the_next()
    {
        await using var registry = await TestRegistry.StartAsync(
            options => options with { UploadMaxSessions = 80, TrustedProxies = ProxyList.Parse("127.0.0.1")! });
        Assert.Equal(20, await RefusedAfterAsync(registry, "the network 192.0.2.1", ("X-Forwarded-For", "192.0.2.1")));
        Assert.Equal(16, await RefusedAfterAsync(registry, "the network 2001:db8::/64", ("X-Forwarded-For", "2001:db8::1")));
        Check.Status(429, await BeginAsync(registry, ("X-Forwarded-For", "2001:db8::2")));
        Check.Status(202, await BeginAsync(registry, ("X-Forwarded-For", "2001:db8:1::1")));
    }

    [Fact]
    public async Task Of_200_uploads_that_begin_at_once_as_many_begin_as_may_be_in_progress()
    {
        const int Max = 50;
        await using var registry = await TestRegistry.StartAsync(
            options => options with { UploadMaxSessions = Max, TrustedProxies = ProxyList.Parse("127.0.0.1")! });
        var begun = await BeginAllAsync();
        Assert.Equal(Max, begun.Count);

        // Each gives its place back, and no more: one that ends, and all of a restart.
        foreach (var location in begun.Take(10))
        {
            Check.Status(204, await registry.Client.RequestAsync("DELETE", location));
        }

        Assert.Equal(10, (await BeginAllAsync()).Count);
        await registry.RestartAsync();
        Assert.Empty(await BeginAllAsync());
        Assert.Equal(Max, (await registry.Host.Storage.Uploads.ListAsync()).Count);

        async Task<List<string>> BeginAllAsync()
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => BeginAsync(registry, ("X-Forwarded-For", $"192.0.2.{i}"))));
            Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { 202, 429 }));
            return [.. answers.Where(answer => answer.Status == 202).Select(answer => answer.Location)];
        }
    }

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task A_blob_over_the_limit_is_413_and_leaves_nothing(TransportKind transport)
    {
        await using var registry = await StartAsync(transport);
        var folder = TestRegistry.Stores is null ? new DirectoryInfo(Path.Combine(registry.StoragePath, "uploads")) : null;

        foreach (var push in (Func<HttpClient, TestBlob, Task<Answer>>[])[PushAtOnceAsync, PushInChunksAsync, PushAtTheEndAsync, PushWithoutLengthAsync])
        {
            Check.Status(201, await push(registry.Client, Largest));
            Check.Error(413, "SIZE_INVALID", "blob too large", await push(registry.Client, TooLarge));
            Check.Status(404, await registry.Client.HeadAnswerAsync($"/v2/limit/blobs/{TooLarge.Digest}"));
            Assert.Empty(folder?.EnumerateFiles() ?? []);
            Assert.Empty(await registry.Host.Storage.Uploads.ListAsync());
        }
    }

    [Fact]
    public async Task Below_the_reserve_pushes_are_507_while_pulls_mounts_and_deletes_go_on()
    {
        using var folder = new TemporaryFolder();
        var image = TestImage.Create();
        var blob = image.Blobs[0];
        await using (var before = await TestRegistry.StartAsync(storagePath: folder.Path))
        {
            await before.Client.PushAsync("kept", image, "latest");
        }

        await using var registry = await TestRegistry.StartAsync(options => options with { StorageReserve = long.MaxValue }, folder.Path);
        var client = registry.Client;
        const string Message = "no space left on device: the registry's storage is full";

        Check.Error(507, "UNSUPPORTED", Message, await client.RequestAsync("POST", "/v2/kept/blobs/uploads/"));
        Check.Error(507, "UNSUPPORTED", Message, await PushAtOnceAsync(client, Largest));
        Check.Error(507, "UNSUPPORTED", Message, await client.PutManifestAsync("kept", "new", TestImage.Index([image])));

        Assert.Equal(image.Manifest.Bytes, Check.Status(200, await client.GetAnswerAsync("/v2/kept/manifests/latest")).Body);
        Assert.Equal(blob.Bytes, Check.Status(200, await client.GetAnswerAsync($"/v2/kept/blobs/{blob.Digest}")).Body);
        Check.Status(201, await client.RequestAsync("POST", $"/v2/other/blobs/uploads/?mount={blob.Digest}&from=kept"));
        Check.Status(202, await client.RequestAsync("DELETE", $"/v2/kept/manifests/{image.Digest}"));
        Check.Status(202, await client.RequestAsync("DELETE", $"/v2/other/blobs/{blob.Digest}"));
    }

    [Fact]
    public async Task Below_the_reserve_the_trash_is_emptied()
    {
        using var folder = new TemporaryFolder();
        var image = TestImage.Create(layerSize: 100_000);
        await using (var before = await TestRegistry.StartAsync(storagePath: folder.Path))
        {
            await before.Client.PushAsync("kept", image, "latest");
            Check.Status(202, await before.Client.RequestAsync("DELETE", $"/v2/kept/manifests/{image.Digest}"));
        }

        await using var registry = await TestRegistry.StartAsync(options => options with { StorageReserve = long.MaxValue }, folder.Path);

        await Eventually.HoldsAsync(
            async () => (await registry.Client.GetAnswerAsync("/api/v1/trash?repository=kept")).Text == """{"entries":[]}"""
                && await registry.Host.Storage.Blobs.ListAsync().CountAsync() == 0,
            "the trash and its bytes are gone");
        Assert.Contains(registry.Log.Entries, entry => entry.Message == $"Removed from the trash before its time: kept@{image.Digest}");
    }

    // The collector works on a full disk, so a promise must be recorded there, too.
    [Fact]
    public async Task Below_the_reserve_an_answer_about_an_old_blob_renews_it()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider();
        var blob = TestBlob.Random(100);
        await using (var before = await TestRegistry.StartAsync(storagePath: folder.Path, time: time))
        {
            await before.Client.PushBlobAsync("kept", blob);
        }

        await using var registry = await TestRegistry.StartAsync(
            options => options with { StorageReserve = long.MaxValue, GcGrace = TimeSpan.FromHours(1) }, folder.Path, time: time);
        time.Advance(TimeSpan.FromMinutes(59));
        Check.Status(200, await registry.Client.HeadAnswerAsync($"/v2/kept/blobs/{blob.Digest}"));
        time.Advance(TimeSpan.FromMinutes(59));
        await registry.Host.Collector.RunAsync(default);
        Check.Status(200, await registry.Client.GetAnswerAsync($"/v2/kept/blobs/{blob.Digest}"));
    }

    [Theory]
    [InlineData(TransportKind.Direct)]
    [InlineData(TransportKind.Kestrel)]
    public async Task A_connection_over_the_limit_is_closed_and_the_others_go_on(TransportKind transport)
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { MaxConnections = 2, Transport = transport });
        using (var first = await RawConnection.OpenAsync(registry))
        using (var second = await RawConnection.OpenAsync(registry))
        {
            await first.SendAsync("GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n");
            Check.Status(200, await first.ReadAnswerAsync());
            await second.SendAsync("GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n");
            Check.Status(200, await second.ReadAnswerAsync());

            Assert.True(await RawConnection.IsRefusedAsync(registry));

            await first.SendAsync("GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n");
            Check.Status(200, await first.ReadAnswerAsync());
        }

        await Eventually.HoldsAsync(() => IsServedAsync(registry), "a connection is free again");
    }

    private static async Task<int> RefusedAfterAsync(TestRegistry registry, string holder, (string, string) header)
    {
        var count = 0;
        Answer answer;
        for (; (answer = await BeginAsync(registry, header)).Status == 202; count++)
        {
        }

        Check.Error(429, "TOOMANYREQUESTS", "too many of your uploads are in progress; finish or cancel some, or try again later", answer);
        Assert.Contains($"{holder} has {count} uploads in progress", answer.Text.Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal("5", answer["Retry-After"]);
        return count;
    }

    private static Task<Answer> BeginAsync(TestRegistry registry, (string, string) header) =>
        registry.Client.RequestAsync("POST", "/v2/flood/blobs/uploads/", null, header);

    private static async Task<bool> IsServedAsync(TestRegistry registry)
    {
        try
        {
            using var connection = await RawConnection.OpenAsync(registry);
            await connection.SendAsync("GET /v2/ HTTP/1.1\r\nHost: registry\r\n\r\n");
            return (await connection.ReadAnswerAsync()).Status == 200;
        }
        catch (Exception e) when (e.IsLostConnection())
        {
            return false;
        }
    }

    private static Task<TestRegistry> StartAsync(TransportKind transport) =>
        TestRegistry.StartAsync(options => options with { BlobMaxSize = MaxSize, Transport = transport });

    private static Task<Answer> PushAtOnceAsync(HttpClient client, TestBlob blob) =>
        client.RequestAsync("POST", $"/v2/limit/blobs/uploads/?digest={blob.Digest}", blob.Bytes);

    private static async Task<Answer> PushInChunksAsync(HttpClient client, TestBlob blob)
    {
        var location = await client.BeginUploadAsync("limit");
        location = Check.Status(202, await client.RequestAsync("PATCH", location, blob.Bytes[..(MaxSize / 2)])).Location;
        var last = await client.RequestAsync("PATCH", location, blob.Bytes[(MaxSize / 2)..]);
        return last.Status == 202 ? await client.RequestAsync("PUT", last.Location.WithDigest(blob.Digest)) : last;
    }

    private static async Task<Answer> PushAtTheEndAsync(HttpClient client, TestBlob blob) =>
        await client.RequestAsync("PUT", (await client.BeginUploadAsync("limit")).WithDigest(blob.Digest), blob.Bytes);

    private static async Task<Answer> PushWithoutLengthAsync(HttpClient client, TestBlob blob) =>
        await client.StreamAsync("PUT", (await client.BeginUploadAsync("limit")).WithDigest(blob.Digest), blob.Bytes);
}
