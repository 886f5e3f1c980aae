using Microsoft.Extensions.Time.Testing;
using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Storage.Files;

namespace Registry.Server.Tests.Pull;

/// <summary>Pulls that are answered from memory, and the changes that invalidate it.</summary>
public sealed class RepeatedPullTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync() => _registry = await TestRegistry.StartAsync(time: _time, isOnDisk: true);

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task A_tag_that_moves_is_followed_at_once()
    {
        for (var i = 0; i < 5; i++)
        {
            var image = await _registry.Client.PushAsync("a", TestImage.Create(), "latest");
            for (var pull = 0; pull < 3; pull++)
            {
                Assert.Equal(image.Manifest.Bytes, (await GetAsync("/v2/a/manifests/latest")).Body);
                Assert.Equal(image.Digest, (await HeadAsync("/v2/a/manifests/latest"))["Docker-Content-Digest"]);
            }
        }
    }

    [Fact]
    public async Task What_is_deleted_is_gone_at_once()
    {
        var image = await _registry.Client.PushAsync("a", TestImage.Create(), "latest", "other");
        var blob = await _registry.Client.PushBlobAsync("a", TestBlob.Random());
        string[] paths = ["/v2/a/manifests/latest", "/v2/a/manifests/other", $"/v2/a/manifests/{image.Digest}", $"/v2/a/blobs/{blob.Digest}"];
        foreach (var path in paths.Concat(paths))
        {
            Check.Status(200, await GetAsync(path));
            Check.Status(200, await HeadAsync(path));
        }

        await DeleteAsync($"/v2/a/manifests/{image.Digest}");
        await DeleteAsync($"/v2/a/blobs/{blob.Digest}");
        foreach (var path in paths)
        {
            Check.Status(404, await GetAsync(path));
            Check.Status(404, await HeadAsync(path));
        }
    }

    [Fact]
    public async Task A_blob_that_another_repository_pulls_is_not_shown_to_this_one()
    {
        var blob = await _registry.Client.PushBlobAsync("a", TestBlob.Random());
        await _registry.Client.PushBlobAsync("b", TestBlob.Random());
        Check.Status(200, await GetAsync($"/v2/a/blobs/{blob.Digest}"));
        Check.Status(404, await GetAsync($"/v2/b/blobs/{blob.Digest}"));
    }

    [Fact]
    public async Task A_blob_that_has_expired_is_gone_at_once()
    {
        var blob = await _registry.Client.PushBlobAsync("a", TestBlob.Random());
        Check.Status(200, await GetAsync($"/v2/a/blobs/{blob.Digest}"));
        _time.Advance(TimeSpan.FromDays(2));
        await _registry.Host.Collector.RunAsync(TestContext.Current.CancellationToken);
        Check.Status(404, await GetAsync($"/v2/a/blobs/{blob.Digest}"));
        Check.Status(404, await HeadAsync($"/v2/a/blobs/{blob.Digest}"));
    }

    [Fact]
    public async Task A_head_from_memory_keeps_the_blob_as_any_other_does()
    {
        var blob = await _registry.Client.PushBlobAsync("a", TestBlob.Random());
        Check.Status(200, await HeadAsync($"/v2/a/blobs/{blob.Digest}"));
        for (var i = 0; i < 4; i++)
        {
            _time.Advance(TimeSpan.FromHours(16));
            Check.Status(200, await HeadAsync($"/v2/a/blobs/{blob.Digest}"));
            await _registry.Host.Collector.RunAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Damage_is_noticed_after_some_seconds_and_a_push_that_repairs_it_at_once()
    {
        var blob = await _registry.Client.PushBlobAsync("a", TestBlob.Random());
        var path = $"/v2/a/blobs/{blob.Digest}";
        Check.Status(200, await GetAsync(path));
        await _registry.Host.Storage.Files!.WriteOutAsync();
        await File.WriteAllTextAsync(
            new DataPaths(_registry.StoragePath).BlobData(Core.Oci.Digest.Parse(blob.Digest)), "short", TestContext.Current.CancellationToken);
        _time.Advance(ContentCache.Lifetime);
        Check.Status(404, await GetAsync(path));
        Check.Status(404, await HeadAsync(path));

        await _registry.Client.PushBlobAsync("a", blob);
        Check.Status(200, await HeadAsync(path));
        Assert.Equal(blob.Bytes, (await GetAsync(path)).Body);
    }

    [Theory]
    [InlineData(BlobSource.MaxInMemory)]
    [InlineData(BlobSource.MaxInMemory + 1)]
    public async Task Parts_are_the_same_from_memory_and_from_a_file(int size)
    {
        var blob = await _registry.Client.PushBlobAsync("a", TestBlob.Random(size));
        var path = $"/v2/a/blobs/{blob.Digest}";
        for (var pull = 0; pull < 2; pull++)
        {
            Assert.Equal(blob.Bytes, Check.Status(200, await GetAsync(path)).Body);
            Assert.Equal(blob.Bytes[..1], (await RangeAsync("bytes=0-0")).Body);
            Assert.Equal(blob.Bytes[1000..5001], (await RangeAsync("bytes=1000-5000")).Body);
            Assert.Equal(blob.Bytes[^10..], (await RangeAsync("bytes=-10")).Body);
            Assert.Equal(blob.Bytes[(size - 1)..], (await RangeAsync($"bytes={size - 1}-")).Body);
            var parts = await RangeAsync("bytes=0-99,200-299");
            Assert.Equal(parts.Length, parts.Body.Length);
            Assert.True(parts.Body.AsSpan().IndexOf(blob.Bytes.AsSpan(200, 100)) > parts.Body.AsSpan().IndexOf(blob.Bytes.AsSpan(0, 100)));
            Check.Status(416, await _registry.Client.GetAnswerAsync(path, ("Range", $"bytes={size}-")));
        }

        async Task<Answer> RangeAsync(string range) => Check.Status(206, await _registry.Client.GetAnswerAsync(path, ("Range", range)));
    }

    private Task<Answer> GetAsync(string path) => _registry.Client.GetAnswerAsync(path);

    private Task<Answer> HeadAsync(string path) => _registry.Client.HeadAnswerAsync(path);

    private async Task DeleteAsync(string path) => Check.Status(202, await _registry.Client.RequestAsync("DELETE", path));
}
