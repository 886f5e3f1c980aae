using Microsoft.Extensions.Time.Testing;

namespace Registry.Server.Tests.Maintenance;

/// <summary>Bit rot while the registry runs, from the clients' view.</summary>
public sealed class VerificationTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private TestRegistry _registry = null!;

    // Time stands still unless a test lets it pass, so the rate is one that never waits.
    public async ValueTask InitializeAsync() =>
        _registry = await TestRegistry.StartAsync(options => options with { VerifyRate = 100_000 }, time: _time);

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task A_byte_flipped_in_each_stored_file_is_found_and_everything_else_goes_on_and_a_push_heals()
    {
        // Small enough for memory, and large enough for a file.
        var image = TestImage.Create(layers: 2, layerSize: 300_000);
        var index = await _registry.Client.PushAsync("a", TestImage.Index([image, TestImage.Create()]), "latest");
        await _registry.Client.PushAsync("b", image, "v1");
        var other = await _registry.Client.PushAsync("other", TestImage.Create(), "latest");
        string[] stored = [.. image.Blobs.Select(blob => blob.Digest), image.Digest, index.Digest];
        foreach (var digest in stored)
        {
            var path = PathOf(digest);
            Check.Status(200, await _registry.Client.GetAnswerAsync(path));
            Check.Status(200, await _registry.Client.HeadAnswerAsync(path));
            await FlipByteAsync(digest);

            Assert.Equal(1, (await _registry.Host.Verifier.VerifyAllAsync(isDryRun: false, default)).Damaged);

            Check.Status(404, await _registry.Client.GetAnswerAsync(path));
            Check.Status(404, await _registry.Client.GetAnswerAsync(path, ("Range", "bytes=1-2")));
            Check.Status(404, await _registry.Client.HeadAnswerAsync(path));
            foreach (var whole in stored.Where(whole => whole != digest))
            {
                Check.Status(200, await _registry.Client.GetAnswerAsync(PathOf(whole)));
            }

            Assert.Equal(["a", "b", "other"], (await _registry.Client.GetAnswerAsync("/v2/_catalog")).Strings("repositories"));
            Assert.Equal(["latest"], (await _registry.Client.GetAnswerAsync("/v2/a/tags/list")).Strings("tags"));
            Assert.Equal(other.Manifest.Bytes, (await _registry.Client.GetAnswerAsync("/v2/other/manifests/latest")).Body);
            await _registry.Host.Collector.RunAsync(default);

            await _registry.Client.PushAsync("a", index, "latest");
            Check.Status(200, await _registry.Client.HeadAnswerAsync(path));
            if (digest != index.Digest)
            {
                Check.Status(200, await _registry.Client.GetAnswerAsync(path.Replace("/v2/a/", "/v2/b/", StringComparison.Ordinal)));
            }
        }

        Assert.True((await _registry.Host.Verifier.VerifyAllAsync(isDryRun: false, default)).IsClean);

        string PathOf(string digest) =>
            $"/v2/a/{(digest == image.Digest || digest == index.Digest ? "manifests" : "blobs")}/{digest}";
    }

    [Fact]
    public async Task It_runs_by_itself()
    {
        var image = await _registry.Client.PushAsync("a", TestImage.Create(), "latest");
        await FlipByteAsync(image.Digest);
        await Eventually.HoldsAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(10));
                return Task.FromResult(_registry.Log.Entries.Any(entry => entry.Message.StartsWith($"{image.Digest} of a is damaged", StringComparison.Ordinal)));
            },
            "the rot is found");
        Check.Status(404, await _registry.Client.HeadAnswerAsync("/v2/a/manifests/latest"));
    }

    private async Task FlipByteAsync(string digest)
    {
        await _registry.Host.Storage.Files!.WriteOutAsync();
        StoredFile.FlipByte(_registry.StoragePath, digest);
    }
}
