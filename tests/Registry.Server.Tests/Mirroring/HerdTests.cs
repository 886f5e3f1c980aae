using System.Globalization;

namespace Registry.Server.Tests.Mirroring;

/// <summary>Many clients pull the same cold images at once: the upstream is asked for each thing once.</summary>
public sealed class HerdTests : IAsyncLifetime
{
    private const int Clients = 200;
    private const int Images = 50;
    private const int LayerSize = 40_000;
    private const int Ranges = 4;

    private MirroredUpstream _upstream = null!;
    private TestRegistry _mirror = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await MirroredUpstream.StartAsync("\"check\": \"1h\"");
        _mirror = await TestRegistry.StartAsync(_upstream.Configure);
    }

    public async ValueTask DisposeAsync()
    {
        await _mirror.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task Two_hundred_clients_of_fifty_cold_images_cost_one_request_for_each_manifest_and_blob()
    {
        var indexes = await Task.WhenAll(Enumerable.Range(0, Images).Select(i => _upstream.Client.PushAsync(
            Name(i), TestImage.Index([TestImage.Create(layers: 2, layerSize: LayerSize), TestImage.Create()]), "v1")));
        var before = _upstream.Relay.Requests.Values.Sum();

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(i => PullAsync(Name(i % Images), indexes[i % Images])));

        // Of each image the index and one of its children, and the config and two layers of that.
        var asked = _upstream.Relay.Requests;
        Assert.Equal(0, before);
        Assert.All(asked, request => Assert.True(request.Value == 1, $"{request.Key} was asked for {request.Value} times"));
        Assert.Equal(Images * 2, asked.Keys.Count(request => request.Contains("/manifests/", StringComparison.Ordinal)));
        Assert.Equal(Images * 3, asked.Keys.Count(request => request.Contains("/blobs/", StringComparison.Ordinal)));
        Assert.Equal(Images * 5, asked.Count);
    }

    [Fact]
    public async Task Sizes_lists_and_referrers_are_asked_for_once_for_all_that_wait()
    {
        var image = await _upstream.Client.PushAsync("team/app", TestImage.Create(), "v1");
        await _upstream.Client.PushAsync("team/app", TestImage.Artifact("application/vnd.example.signature", image));
        var layer = image.Blobs[^1];
        string[] paths = [$"/v2/up/team/app/blobs/{layer.Digest}", "/v2/up/team/app/tags/list", $"/v2/up/team/app/referrers/{image.Digest}"];

        var answers = await Task.WhenAll(paths.SelectMany(path => Enumerable.Range(0, 50).Select(
            _ => _mirror.Client.RequestAsync(path.Contains("/blobs/", StringComparison.Ordinal) ? "HEAD" : "GET", path))));

        Assert.All(answers, answer => Check.Status(200, answer));
        Assert.All(answers[..50], answer => Assert.Equal(layer.Bytes.Length, answer.Length));
        Assert.Equal([1, 1, 1], new[] { "HEAD /v2/team/app/blobs/", "GET /v2/team/app/tags/", "GET /v2/team/app/referrers/" }.Select(_upstream.Relay.Count));
    }

    [Fact]
    public async Task A_layer_that_many_repositories_share_is_fetched_once_and_each_repository_is_asked_whether_it_has_it()
    {
        var layer = TestBlob.Random(LayerSize);
        await Task.WhenAll(Enumerable.Range(0, Images).Select(i => _upstream.Client.PushAsync(Name(i), TestImage.Of([layer]), "v1")));

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async i => Assert.Equal(
            layer.Bytes, Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/{Name(i % Images)}/blobs/{layer.Digest}")).Body)));

        Assert.Equal(1, _upstream.Relay.Requests.Where(request => request.Key.StartsWith("GET ", StringComparison.Ordinal)).Sum(request => request.Value));
        Assert.Equal(Images - 1, _upstream.Relay.Count("HEAD "));
    }

    [Fact]
    public async Task A_client_that_asks_the_wrong_repository_first_hides_the_blob_from_nobody()
    {
        var image = await _upstream.Client.PushAsync("team/has", TestImage.Create(), "v1");
        await _upstream.Client.PushAsync("team/lacks", TestImage.Create(), "v1");
        var layer = image.Blobs[^1];
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        _upstream.Relay.Instead = async context =>
        {
            if (context.Request.Path.Value!.StartsWith("/v2/team/lacks/blobs/", StringComparison.Ordinal))
            {
                asked.TrySetResult();
                await answer.Task;
            }

            return false;
        };

        var wrong = _mirror.Client.GetAnswerAsync($"/v2/up/team/lacks/blobs/{layer.Digest}");
        await asked.Task.WaitAsync(Patience.Limit);
        var right = _mirror.Client.GetAnswerAsync($"/v2/up/team/has/blobs/{layer.Digest}");
        await Eventually.HoldsAsync(() => Task.FromResult(_upstream.Relay.Count("HEAD /v2/team/has/blobs/") == 1), "the other client waits for the same fetch");
        answer.SetResult();

        Check.Status(404, await wrong);
        Assert.Equal(layer.Bytes, Check.Status(200, await right).Body);
    }

    private static string Name(int image) => string.Create(CultureInfo.InvariantCulture, $"herd/app{image}");

    // As containerd does: the tag by HEAD, then all by digest, and the layers by ranges at once.
    private async Task PullAsync(string name, TestImage index)
    {
        var tagged = Check.Status(200, await _mirror.Client.RequestAsync("HEAD", $"/v2/up/{name}/manifests/v1"));
        Assert.Equal(index.Digest, tagged["Docker-Content-Digest"]);
        foreach (var manifest in new[] { index, index.Children[0] })
        {
            Assert.Equal(manifest.Manifest.Bytes, Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/{name}/manifests/{manifest.Digest}")).Body);
        }

        await Task.WhenAll(index.Children[0].Blobs.Select(async blob =>
        {
            if (blob.Bytes.Length < LayerSize)
            {
                Assert.Equal(blob.Bytes, Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/{name}/blobs/{blob.Digest}")).Body);
                return;
            }

            const int Length = LayerSize / Ranges;
            var parts = await Task.WhenAll(Enumerable.Range(0, Ranges).Select(
                part => _mirror.Client.GetAnswerAsync($"/v2/up/{name}/blobs/{blob.Digest}", ("Range", $"bytes={part * Length}-{((part + 1) * Length) - 1}"))));
            Assert.Equal(blob.Bytes, parts.SelectMany(part => Check.Status(206, part).Body));
        }));
    }
}
