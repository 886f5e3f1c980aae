using Microsoft.Extensions.Time.Testing;
using Registry.Core.Oci;

namespace Registry.Server.Tests.Mirroring;

/// <summary>Room of an upstream: what was not pulled for long goes first, at once.</summary>
public sealed class EvictionTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Images_that_were_not_pulled_for_the_period_go_with_their_bytes()
    {
        await using var upstream = await MirroredUpstream.StartAsync("\"keep\": \"1h\"");
        await using var mirror = await TestRegistry.StartAsync(upstream.Configure, time: _time);
        var old = await PullNewAsync(upstream, mirror, "old");
        var used = await PullNewAsync(upstream, mirror, "used");
        await EvictAsync(mirror);
        _time.Advance(TimeSpan.FromMinutes(50));
        Check.Status(200, await mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/used"));
        _time.Advance(TimeSpan.FromMinutes(20));

        await EvictAsync(mirror);

        await GoneAsync(mirror, old);
        Assert.False(await HasBlobAsync(mirror, old.Blobs[^1].Digest));
        Assert.True(await HasBlobAsync(mirror, used.Blobs[^1].Digest));
        Assert.Equal(["used"], Check.Status(200, await mirror.Client.GetAnswerAsync("/api/v1/tags?repository=up/team/app")).Json.GetProperty("tags").EnumerateArray().Select(tag => tag.GetProperty("tag").GetString()));

        // It can be pulled again.
        await PullAsync(mirror, old, "old");
    }

    [Fact]
    public async Task An_upstream_keeps_its_size_by_the_last_pull()
    {
        await using var upstream = await MirroredUpstream.StartAsync("\"maxSize\": \"250KB\"");
        await using var mirror = await TestRegistry.StartAsync(upstream.Configure, time: _time);
        var first = await PullNewAsync(upstream, mirror, "a");
        _time.Advance(TimeSpan.FromSeconds(10));
        var second = await PullNewAsync(upstream, mirror, "b");
        _time.Advance(TimeSpan.FromSeconds(10));
        Check.Status(200, await mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/a"));
        var third = await PullNewAsync(upstream, mirror, "c");

        await EvictAsync(mirror);

        await GoneAsync(mirror, second);
        var kept = await Task.WhenAll(new[] { first, second, third }.Select(image => HasBlobAsync(mirror, image.Blobs[^1].Digest)));
        Assert.Equal([true, false, true], kept);
    }

    [Fact]
    public async Task Blobs_that_were_pulled_without_their_manifest_go_before_images()
    {
        await using var upstream = await MirroredUpstream.StartAsync("\"maxSize\": \"250KB\"");
        await using var mirror = await TestRegistry.StartAsync(upstream.Configure, time: _time);
        var image = await PullNewAsync(upstream, mirror, "a");
        var other = await upstream.Client.PushAsync("team/app", TestImage.Create(layers: 3, layerSize: 100_000), "b");
        foreach (var layer in other.Blobs)
        {
            Check.Status(200, await mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{layer.Digest}"));
            await Eventually.HoldsAsync(() => HasBlobAsync(mirror, layer.Digest), "the blob is stored");
        }

        // The clock of grace periods is that of the storage.
        _time.Advance(TimeSpan.FromMinutes(11));
        await EvictAsync(mirror);

        Assert.True(await HasBlobAsync(mirror, image.Blobs[^1].Digest));
        await GoneAsync(mirror, other);
        Assert.False(await HasBlobAsync(mirror, other.Blobs[^1].Digest));
    }

    [Fact]
    public async Task Content_of_a_mirror_outlives_the_grace_period_and_goes_past_the_trash()
    {
        await using var upstream = await MirroredUpstream.StartAsync();
        await using var mirror = await TestRegistry.StartAsync(options => upstream.Configure(options) with { GcGrace = TimeSpan.FromHours(1) }, time: _time);
        var image = await PullNewAsync(upstream, mirror, "v1");
        _time.Advance(TimeSpan.FromHours(3));
        await mirror.Host.Collector.RunAsync(default);

        Assert.True(await HasBlobAsync(mirror, image.Blobs[^1].Digest));
    }

    // The removal of bytes may wait for that of the collector, by the clock.
    private async Task EvictAsync(TestRegistry mirror)
    {
        var evicting = mirror.Host.Mirror!.Eviction.RunAsync(default);
        while (await Task.WhenAny(evicting, Task.Delay(10)) != evicting)
        {
            _time.Advance(TimeSpan.FromMilliseconds(50));
        }

        await evicting;
    }

    // The eviction in the background may have begun before.
    private Task GoneAsync(TestRegistry mirror, TestImage image) => Eventually.HoldsAsync(
        async () =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(50));
            return await mirror.Host.Storage.Blobs.StatAsync(Digest.Parse(image.Blobs[^1].Digest)) is null;
        },
        "the bytes are gone");

    private static async Task<bool> HasBlobAsync(TestRegistry mirror, string digest) =>
        await mirror.Host.Storage.Metadata.FindBlobAsync(RepositoryName.Parse("up/team/app"), Digest.Parse(digest)) is not null;

    private static async Task<TestImage> PullNewAsync(MirroredUpstream upstream, TestRegistry mirror, string tag)
    {
        var image = await upstream.Client.PushAsync("team/app", TestImage.Create(layerSize: 100_000), tag);
        await PullAsync(mirror, image, tag);
        return image;
    }

    private static async Task PullAsync(TestRegistry mirror, TestImage image, string tag)
    {
        Check.Status(200, await mirror.Client.GetAnswerAsync($"/v2/up/team/app/manifests/{tag}"));
        foreach (var blob in image.Blobs)
        {
            Check.Status(200, await mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{blob.Digest}"));
            await Eventually.HoldsAsync(() => HasBlobAsync(mirror, blob.Digest), "the blob is stored");
        }
    }
}
