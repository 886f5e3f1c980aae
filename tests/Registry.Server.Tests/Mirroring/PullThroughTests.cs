using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Mirroring;

/// <summary>Pulls of what an upstream has: each byte is fetched once, verified, and kept.</summary>
public sealed class PullThroughTests : IAsyncLifetime
{
    private MirroredUpstream _upstream = null!;
    private TestRegistry _mirror = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await MirroredUpstream.StartAsync();
        _mirror = await TestRegistry.StartAsync(_upstream.Configure);
    }

    public async ValueTask DisposeAsync()
    {
        await _mirror.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task An_image_is_fetched_once_and_then_served_from_here()
    {
        var image = await _upstream.Client.PushAsync("team/app", TestImage.Create(layers: 2, layerSize: 100_000), "v1");
        for (var i = 0; i < 2; i++)
        {
            var manifest = Check.Status(200, await _mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/v1"));
            Assert.Equal((image.Digest, image.MediaType), (manifest["Docker-Content-Digest"], manifest["Content-Type"]));
            Assert.Null(manifest["Warning"]);
            foreach (var blob in image.Blobs)
            {
                var pulled = Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{blob.Digest}"));
                Assert.Equal(blob.Bytes, pulled.Body);
                await StoredAsync(blob.Digest);
            }
        }

        Assert.Equal(1, _upstream.Relay.Count("GET /v2/team/app/manifests/"));
        Assert.All(image.Blobs, blob => Assert.Equal(1, _upstream.Relay.Count($"GET /v2/team/app/blobs/{blob.Digest}")));
    }

    [Fact]
    public async Task A_manifest_whose_bytes_are_lost_is_fetched_again()
    {
        // Too large for the metadata, and for memory.
        var image = await _upstream.Client.PushAsync("team/app", TestImage.Create(json => json["annotations"] = new JsonObject { ["org.example.text"] = new string('a', 300_000) }), "v1");
        foreach (var reference in (string[])["v1", image.Digest])
        {
            Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/manifests/{reference}"));
            _upstream.Relay.Requests.Clear();
            await LoseAsync(image.Digest);

            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _mirror.Client.GetAnswerAsync($"/v2/up/team/app/manifests/{reference}")));

            Assert.All(answers, answer => Assert.Equal((200, image.Digest), (answer.Status, answer["Docker-Content-Digest"])));
            Assert.Equal([$"GET /v2/team/app/manifests/{image.Digest}"], _upstream.Relay.Requests.Keys);
            Assert.Equal(1, _upstream.Relay.Count("GET "));
            Assert.Equal(image.Manifest.Bytes, Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/manifests/{reference}")).Body);
        }

        await LoseAsync(image.Digest);
        _upstream.Relay.AnswerWith(403);
        Check.Status(502, await _mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/v1"));
    }

    [Fact]
    public async Task What_the_upstream_does_not_have_is_unknown()
    {
        await _upstream.Client.PushAsync("team/app", TestImage.Create(), "v1");
        Check.Error(404, "MANIFEST_UNKNOWN", "manifest unknown", await _mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/v2"));
        Check.Error(404, "BLOB_UNKNOWN", "blob unknown", await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{TestBlob.Random().Digest}"));
        Check.Status(404, await _mirror.Client.GetAnswerAsync("/v2/up/team/nil/manifests/v1"));
        Check.Status(404, await _mirror.Client.RequestAsync("HEAD", $"/v2/up/team/app/blobs/{TestBlob.Random().Digest}"));
    }

    [Fact]
    public async Task A_hundred_clients_of_a_cold_layer_share_one_fetch_and_get_bytes_as_they_arrive()
    {
        var layer = TestBlob.Random(2_000_000);
        await _upstream.Client.PushAsync("team/app", TestImage.Of([layer]), "v1");
        var half = new TaskCompletionSource();
        _upstream.Relay.Gate = position => position >= layer.Bytes.Length / 2 ? half.Task : Task.CompletedTask;

        var clients = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => _mirror.Client.GetAsync(
            new Uri($"/v2/up/team/app/blobs/{layer.Digest}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead)));
        var bodies = await Task.WhenAll(clients.Select(client => client.Content.ReadAsStreamAsync()));
        var firsts = await Task.WhenAll(bodies.Select(async body =>
        {
            // Half of it arrives while the upstream has sent no more.
            var first = new byte[500_000];
            await body.ReadExactlyAsync(first).AsTask().WaitAsync(Patience.Limit);
            return first;
        }));
        half.SetResult();

        for (var i = 0; i < clients.Length; i++)
        {
            using var rest = new MemoryStream();
            await bodies[i].CopyToAsync(rest).WaitAsync(Patience.Limit);
            Assert.Equal(layer.Digest, $"sha256:{Convert.ToHexStringLower(SHA256.HashData([.. firsts[i], .. rest.ToArray()]))}");
            clients[i].Dispose();
        }

        Assert.Equal(1, _upstream.Relay.Count($"GET /v2/team/app/blobs/{layer.Digest}"));
    }

    [Fact]
    public async Task The_first_bytes_come_although_no_more_follow_and_no_client_waited_for_them_yet()
    {
        var layer = TestBlob.Random(1_000_000);
        await _upstream.Client.PushAsync("team/app", TestImage.Of([layer]), "v1");
        var rest = new TaskCompletionSource();
        _upstream.Relay.InsteadOfBody = async (context, _) =>
        {
            // With the head of the answer, before which the client knows nothing to wait for.
            var body = context.Response.Body;
            await body.WriteAsync(layer.Bytes.AsMemory(0, 32_000));
            await body.FlushAsync();
            await rest.Task.WaitAsync(context.RequestAborted);
            await body.WriteAsync(layer.Bytes.AsMemory(32_000));
            return true;
        };

        using var answer = await _mirror.Client.GetAsync(
            new Uri($"/v2/up/team/app/blobs/{layer.Digest}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience.Limit);
        var bytes = new byte[layer.Bytes.Length];
        var pulled = await answer.Content.ReadAsStreamAsync();
        await pulled.ReadExactlyAsync(bytes.AsMemory(0, 32_000)).AsTask().WaitAsync(Patience.Limit);
        rest.SetResult();
        await pulled.ReadExactlyAsync(bytes.AsMemory(32_000)).AsTask().WaitAsync(Patience.Limit);

        Assert.Equal(layer.Bytes, bytes);
    }

    [Fact]
    public async Task A_connection_that_breaks_is_continued_where_it_was_without_the_client_noticing()
    {
        var layer = TestBlob.Random(1_000_000);
        await _upstream.Client.PushAsync("team/app", TestImage.Of([layer]), "v1");
        var cuts = 3;
        _upstream.Relay.CutAfter = _ => Interlocked.Decrement(ref cuts) >= 0 ? 200_000 : null;

        var pulled = Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{layer.Digest}"));

        Assert.Equal(layer.Bytes, pulled.Body);
        Assert.Equal(4, _upstream.Relay.Count($"GET /v2/team/app/blobs/{layer.Digest}"));
    }

    [Fact]
    public async Task Wrong_bytes_never_end_in_good_order_and_are_not_kept()
    {
        var layer = TestBlob.Random(1_000_000);
        await _upstream.Client.PushAsync("team/app", TestImage.Of([layer]), "v1");
        _upstream.Relay.Alter = (bytes, position) => bytes.Span[0] ^= (byte)(position == 0 ? 1 : 0);

        // Otherwise all may have arrived before the first byte is sent, and the answer is a 502.
        var half = new TaskCompletionSource();
        _upstream.Relay.Gate = position => position >= layer.Bytes.Length / 2 ? half.Task : Task.CompletedTask;
        using (var answer = await _mirror.Client.GetAsync(new Uri($"/v2/up/team/app/blobs/{layer.Digest}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead))
        {
            half.SetResult();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => answer.Content.ReadAsByteArrayAsync());
        }

        await Eventually.HoldsAsync(
            () => Task.FromResult(_mirror.Log.Entries.Any(entry => entry.Message.Contains($"{layer.Digest} for up/team/app is not kept", StringComparison.Ordinal))), "it is logged");
        _upstream.Relay.Alter = null;
        var refused = Check.Error(502, "UNSUPPORTED", "the upstream of this mirror has not given it; try again later", await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{layer.Digest}"));
        Assert.Contains("sent other bytes", refused.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_answer_is_no_blob()
    {
        var layer = TestBlob.Random(100_000);
        await _upstream.Client.PushAsync("team/app", TestImage.Of([layer]), "v1");
        _upstream.Relay.Instead = context =>
        {
            context.Response.ContentLength = 0;
            return Task.FromResult(context.Request.Path.Value!.Contains("/blobs/", StringComparison.Ordinal));
        };

        Check.Status(502, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{layer.Digest}"));
    }

    [Fact]
    public async Task Referrers_with_text_that_is_no_text_are_passed_on()
    {
        var image = await _upstream.Client.PushAsync("team/app", TestImage.Create(), "v1");
        const string Index = """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
              {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":2,"annotations":{"a":"\ud800"}}]}
            """;
        _upstream.Relay.Instead = async context =>
        {
            if (!context.Request.Path.Value!.Contains("/referrers/", StringComparison.Ordinal))
            {
                return false;
            }

            context.Response.ContentType = TestImage.OciIndex;
            await context.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(Index));
            return true;
        };

        var listed = Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/referrers/{image.Digest}"));
        Assert.Contains("\\ud800", listed.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_range_far_ahead_is_asked_for_by_itself_and_the_whole_is_kept_all_the_same()
    {
        var layer = TestBlob.Random(70 * 1024 * 1024);
        await _upstream.Client.PushAsync("team/app", TestImage.Of([layer]), "v1");
        var opened = new TaskCompletionSource();
        _upstream.Relay.Gate = position => position is > 0 and < 60_000_000 ? opened.Task : Task.CompletedTask;

        var from = layer.Bytes.Length - 1000;
        var end = Check.Status(206, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{layer.Digest}", ("Range", $"bytes={from}-")));
        Assert.Equal(layer.Bytes[from..], end.Body);
        Assert.Equal("no-store", end["Cache-Control"]);
        opened.SetResult();

        var whole = Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{layer.Digest}"));
        Assert.Equal(layer.Digest, $"sha256:{Convert.ToHexStringLower(SHA256.HashData(whole.Body))}");
        Assert.Equal(2, _upstream.Relay.Count($"GET /v2/team/app/blobs/{layer.Digest}"));
    }

    [Fact]
    public async Task Layers_that_another_repository_of_the_upstream_has_are_mounted_when_the_upstream_says_so()
    {
        var image = await _upstream.Client.PushAsync("team/one", TestImage.Create(layerSize: 100_000), "v1");
        await _upstream.Client.PushAsync("team/two", image, "v1");
        var layer = image.Blobs[^1];
        Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/one/blobs/{layer.Digest}"));
        await StoredAsync(layer.Digest, "up/team/one");

        Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/two/blobs/{layer.Digest}"));
        Check.Status(404, await _mirror.Client.GetAnswerAsync($"/v2/up/team/three/blobs/{layer.Digest}"));

        Assert.Equal(1, _upstream.Relay.Count("GET /v2/team/one/blobs/") + _upstream.Relay.Count("GET /v2/team/two/blobs/"));
    }

    [Fact]
    public async Task A_thousand_clients_that_come_and_leave_end_nothing_and_hold_nothing()
    {
        var layer = TestBlob.Random(2_000_000);
        await _upstream.Client.PushAsync("team/app", TestImage.Of([layer]), "v1");
        var half = new TaskCompletionSource();
        _upstream.Relay.Gate = position => position >= layer.Bytes.Length / 2 ? half.Task : Task.CompletedTask;
        var path = new Uri($"/v2/up/team/app/blobs/{layer.Digest}", UriKind.Relative);

        await Parallel.ForEachAsync(Enumerable.Range(0, 1000), new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (_, token) =>
        {
            using var client = await _mirror.Client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, token);
            await using var body = await client.Content.ReadAsStreamAsync(token);
            await body.ReadExactlyAsync(new byte[1000], token);
        });
        await Eventually.HoldsAsync(() => Task.FromResult(_mirror.Host.Mirror!.ReadStatus()[0].Readers == 0), "all have left");
        Assert.Equal(1, _mirror.Host.Mirror!.ReadStatus()[0].Fetches);

        half.SetResult();
        Assert.Equal(layer.Bytes, Check.Status(200, await _mirror.Client.GetAnswerAsync(path.OriginalString)).Body);
        Assert.Equal(1, _upstream.Relay.Count($"GET {path.OriginalString.Replace("/up/", "/", StringComparison.Ordinal)}"));
    }

    [Fact]
    public async Task A_read_only_registry_serves_what_is_here_and_fetches_nothing()
    {
        var image = await _upstream.Client.PushAsync("team/app", TestImage.Create(), "v1", "v2");
        Check.Status(200, await _mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/v1"));
        _mirror.Host.ReadOnly.TurnOn();

        Check.Status(200, await _mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/v1"));
        Check.Status(404, await _mirror.Client.GetAnswerAsync("/v2/up/team/app/manifests/v2"));
        Check.Status(404, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{image.Blobs[^1].Digest}"));
    }

    [Fact]
    public async Task Tags_and_referrers_are_those_of_the_upstream()
    {
        var image = await _upstream.Client.PushAsync("team/app", TestImage.Create(), "v1", "v2", "v3");
        var signature = await _upstream.Client.PushAsync("team/app", TestImage.Artifact("application/vnd.example.signature", image));

        var tags = Check.Status(200, await _mirror.Client.GetAnswerAsync("/v2/up/team/app/tags/list?n=2"));
        Assert.Equal(["v1", "v2"], tags.Json.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()));
        Assert.Contains("/v2/up/team/app/tags/list?n=2&last=v2", tags["Link"], StringComparison.Ordinal);
        var referrers = Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/referrers/{image.Digest}"));
        Assert.Equal([signature.Digest], referrers.Json.GetProperty("manifests").EnumerateArray().Select(one => one.GetProperty("digest").GetString()));
        Assert.Empty(Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/referrers/{image.Digest}?artifactType=x/y")).Json.GetProperty("manifests").EnumerateArray());
    }

    [Fact]
    public async Task Several_ranges_of_a_cold_layer_come_in_one_answer()
    {
        var layer = TestBlob.Random(500_000);
        await _upstream.Client.PushAsync("team/app", TestImage.Of([layer]), "v1");

        // As podman does for zstd:chunked: the end, then the chunks that it lacks.
        var end = Check.Status(206, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{layer.Digest}", ("Range", "bytes=499900-499999")));
        var parts = Check.Status(206, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{layer.Digest}", ("Range", "bytes=100-1099,200000-200999")));

        Assert.Equal(layer.Bytes[499_900..], end.Body);
        Assert.StartsWith("multipart/byteranges", parts["Content-Type"], StringComparison.Ordinal);
        Assert.True(parts.Body.AsSpan().IndexOf(layer.Bytes.AsSpan(100, 1000)) > 0);
        Assert.True(parts.Body.AsSpan().IndexOf(layer.Bytes.AsSpan(200_000, 1000)) > 0);
        Assert.Equal(1, _upstream.Relay.Count($"GET /v2/team/app/blobs/{layer.Digest}"));
    }

    [Fact]
    public async Task Content_with_digests_in_sha512_comes_as_it_is()
    {
        var image = TestImage.Create(algorithm: "sha512");
        foreach (var blob in image.Blobs)
        {
            await _upstream.Client.PushBlobAsync("team/app", blob, "sha512");
        }

        Check.Status(201, await _upstream.Client.PutManifestAsync("team/app", image.Manifest.Sha512, image));

        Assert.Equal(image.Manifest.Bytes, Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/manifests/{image.Manifest.Sha512}")).Body);
        foreach (var blob in image.Blobs)
        {
            Assert.Equal(blob.Bytes, Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/blobs/{blob.Sha512}")).Body);
        }
    }

    private async Task LoseAsync(string digest)
    {
        var stored = await _mirror.Host.Storage.Metadata.FindManifestAsync(Registry.Core.Oci.RepositoryName.Parse("up/team/app"), Registry.Core.Oci.Digest.Parse(digest));
        await _mirror.Host.Storage.Blobs.DeleteAsync([stored!.Place]);
    }

    private Task StoredAsync(string digest, string repository = "up/team/app") => Eventually.HoldsAsync(
        async () => await _mirror.Host.Storage.Metadata.FindBlobAsync(
            Registry.Core.Oci.RepositoryName.Parse(repository), Registry.Core.Oci.Digest.Parse(digest)) is not null,
        $"{digest} is stored");
}
