using System.Text.Json.Nodes;
using Registry.Storage.S3;
using Registry.Storage.Testing;
using Registry.Testing.Engines;

namespace Registry.Server.Tests.Buckets;

/// <summary>A registry that sends clients to a real store, whose requests go through a proxy that counts them. Clients know the store by another name.</summary>
[Collection(BucketCollection.Name)]
public sealed class RedirectTests(Gateway gateway) : IAsyncLifetime
{
    private const string Repository = "team/app";

    private static readonly TestBlob Layer = TestBlob.Random(300_000);

    // More than the metadata holds, and little enough for the memory of a process that has read it.
    private static readonly TestBlob SmallLayer = TestBlob.Random(20_000);

    private readonly FaultProxy _proxy = new(gateway.Ceph.Endpoint);
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private S3Settings _settings = null!;
    private TestRegistry _registry = null!;

    private static string LayerPath => $"/v2/{Repository}/blobs/{Layer.Digest}";

    private HttpClient Client => _registry.Client;

    public async ValueTask InitializeAsync()
    {
        _settings = gateway.NewSettings() with
        {
            Endpoint = _proxy.Address,
            Redirects = true,
            PublicEndpoint = new UriBuilder(gateway.Ceph.Endpoint) { Host = "localhost" }.Uri,
            DeleteAfter = TimeSpan.FromHours(1),
        };
        _registry = await TestRegistry.StartAsync(options => options with { Bucket = _settings, AccessLog = true });
        await Client.PushBlobAsync(Repository, Layer);
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        await _proxy.DisposeAsync();
        _client.Dispose();
    }

    [Fact]
    public async Task A_layer_is_fetched_from_the_store_without_a_request_of_the_registry()
    {
        await Client.PushBlobAsync(Repository, SmallLayer);
        var before = _proxy.Exchanges;
        foreach (var blob in new[] { Layer, SmallLayer })
        {
            for (var i = 0; i < 2; i++)
            {
                var sent = Expect(307, await Client.GetAnswerAsync($"/v2/{Repository}/blobs/{blob.Digest}"));
                Assert.Equal(("no-store", blob.Digest, 0L), (sent["Cache-Control"], sent["Docker-Content-Digest"], sent.Length));
                Assert.Equal((null, null, null), (sent["ETag"], sent["Accept-Ranges"], sent["Content-Type"]));
                Assert.Empty(sent.Body);
                Assert.StartsWith($"http://localhost:{gateway.Ceph.Endpoint.Port}/{Gateway.Bucket}/{_settings.Prefix}/blobs/", sent.Location, StringComparison.Ordinal);
                Assert.Equal(blob.Bytes, Expect(200, await _client.GetAnswerAsync(sent.Location)).Body);
            }
        }

        Assert.Equal(before, _proxy.Exchanges);
        await Eventually.TrueAsync(
            () => _registry.Log.Entries.Count(entry => entry.Message.Contains($"GET {LayerPath} -> 307;", StringComparison.Ordinal)
                && entry.Message.Contains(" 0 B in, 0 B out,", StringComparison.Ordinal)) == 2,
            "both requests are logged without bytes");
    }

    [Fact]
    public async Task HEAD_and_conditions_are_answered_here()
    {
        var before = _proxy.Exchanges;
        var head = Expect(200, await Client.HeadAnswerAsync(LayerPath));
        Assert.Equal((Layer.Bytes.Length, null), (head.Length, head["Location"]));
        Assert.Equal("bytes", head["Accept-Ranges"]);
        var (tag, other) = (head["ETag"]!, $"\"{SmallLayer.Digest}\"");
        Expect(304, await Client.GetAnswerAsync(LayerPath, ("If-None-Match", tag)));
        Expect(412, await Client.GetAnswerAsync(LayerPath, ("If-Match", other)));
        Expect(307, await Client.GetAnswerAsync(LayerPath, ("If-None-Match", other)));
        Assert.Equal(before, _proxy.Exchanges);

        // The tag of the object is another one.
        Assert.Equal(Layer.Bytes, Expect(200, await Client.GetAnswerAsync(LayerPath, ("If-Match", tag))).Body);
        Assert.Equal(Layer.Bytes[..10], Expect(206, await Client.GetAnswerAsync(LayerPath, ("If-Match", tag), ("Range", "bytes=0-9"))).Body);
        Assert.Equal(before + 2, _proxy.Exchanges);
        Expect(404, await Client.GetAnswerAsync($"/v2/other/blobs/{Layer.Digest}"));
    }

    [Theory]
    [InlineData("bytes=1000-1999", 1000, 2000)]
    [InlineData("bytes=299990-", 299_990, 300_000)]
    [InlineData("bytes=-10", 299_990, 300_000)]
    public async Task One_range_is_asked_for_again_at_the_store(string range, int from, int to)
    {
        var sent = Expect(307, await Client.GetAnswerAsync(LayerPath, ("Range", range)));
        var answer = Expect(206, await _client.GetAnswerAsync(sent.Location, ("Range", range)));
        Assert.Equal(Layer.Bytes[from..to], answer.Body);
        Assert.Equal($"bytes {from}-{to - 1}/300000", answer["Content-Range"]);
    }

    [Fact]
    public async Task Several_ranges_are_answered_here_with_requests_for_them()
    {
        var before = _proxy.Exchanges;
        var several = Expect(206, await Client.GetAnswerAsync(LayerPath, ("Range", "bytes=1-2,200000-200099")));
        Assert.StartsWith("multipart/byteranges", several["Content-Type"], StringComparison.Ordinal);
        Assert.True(several.Body.AsSpan().IndexOf(Layer.Bytes.AsSpan(200_000, 100)) > several.Body.AsSpan().IndexOf(Layer.Bytes.AsSpan(1, 2)));
        Assert.Equal(before + 2, _proxy.Exchanges);

        // Larger than the whole, and of a unit that does not exist.
        Assert.Equal(Layer.Bytes, Expect(200, await Client.GetAnswerAsync(LayerPath, ("Range", "bytes=0-,0-"))).Body);
        Assert.Equal(Layer.Bytes, Expect(200, await Client.GetAnswerAsync(LayerPath, ("Range", "pages=1,2"))).Body);
        Assert.Equal(before + 4, _proxy.Exchanges);
        Assert.Equal("bytes */300000", Expect(416, await Client.GetAnswerAsync(LayerPath, ("Range", "bytes=300000-")))["Content-Range"]);
        Assert.Equal(before + 4, _proxy.Exchanges);
    }

    [Fact]
    public async Task Small_content_and_manifests_are_served_here()
    {
        var image = await Client.PushAsync(Repository, TestImage.Create(), "small");
        Assert.Equal(image.Blobs[1].Bytes, Expect(200, await Client.GetAnswerAsync($"/v2/{Repository}/blobs/{image.Blobs[1].Digest}")).Body);
        var large = await Client.PushAsync(
            Repository, TestImage.Create(json => json["annotations"] = new JsonObject { ["text"] = new string('a', 40_000) }), "large");
        Assert.Equal(image.Manifest.Bytes, Expect(200, await Client.GetAnswerAsync($"/v2/{Repository}/manifests/small")).Body);
        Assert.Equal(large.Manifest.Bytes, Expect(200, await Client.GetAnswerAsync($"/v2/{Repository}/manifests/large")).Body);
    }

    [Fact]
    public async Task A_mounted_layer_is_fetched_from_the_store()
    {
        Expect(201, await Client.RequestAsync("POST", $"/v2/other/blobs/uploads/?mount={Layer.Digest}&from={Repository}"));
        var sent = Expect(307, await Client.GetAnswerAsync($"/v2/other/blobs/{Layer.Digest}"));
        Assert.Equal(Layer.Bytes, Expect(200, await _client.GetAnswerAsync(sent.Location)).Body);
    }

    [Fact]
    public async Task A_link_to_a_deleted_layer_goes_on_until_the_object_is_deleted()
    {
        var link = Expect(307, await Client.GetAnswerAsync(LayerPath)).Location;
        await DeleteAsync();
        await _registry.Host.Storage.Bucket!.DeleteDueAsync(TestContext.Current.CancellationToken);
        Expect(404, await Client.GetAnswerAsync(LayerPath));
        Assert.Equal(Layer.Bytes, Expect(200, await _client.GetAnswerAsync(link)).Body);
    }

    [Fact]
    public async Task A_link_allows_one_object_to_be_read_and_nothing_else()
    {
        await Client.PushBlobAsync(Repository, SmallLayer);
        var link = Expect(307, await Client.GetAnswerAsync(LayerPath)).Location;
        var other = Expect(307, await Client.GetAnswerAsync($"/v2/{Repository}/blobs/{SmallLayer.Digest}")).Location;
        Expect(403, await _client.RequestAsync("PUT", link, [1]));
        Expect(403, await _client.RequestAsync("DELETE", link));
        Expect(403, await _client.HeadAnswerAsync(link));
        Expect(403, await _client.GetAnswerAsync($"{other.Split('?')[0]}?{link.Split('?')[1]}"));

        // Clients do not carry this header over to another host name.
        Expect(400, await _client.GetAnswerAsync(link, ("Authorization", "Bearer token-of-the-registry")));
        Assert.Equal(Layer.Bytes, Expect(200, await _client.GetAnswerAsync(link)).Body);
    }

    [Fact]
    public async Task While_the_store_does_not_work_no_client_is_sent_there()
    {
        var tag = Expect(200, await Client.HeadAnswerAsync(LayerPath))["ETag"]!;
        _proxy.Choose = _ => new Fault(FaultKind.InternalError);
        while (_registry.Host.Storage.Bucket!.Failure is null)
        {
            Expect(503, await Client.GetAnswerAsync(LayerPath, ("If-Match", tag)));
        }

        Assert.Equal("5", Expect(503, await Client.GetAnswerAsync(LayerPath))["Retry-After"]);
        Expect(503, await Client.GetAnswerAsync(LayerPath, ("Range", "bytes=0-1,5-6")));
        _proxy.Choose = _ => null;
        await Eventually.HoldsAsync(async () => (await Client.GetAnswerAsync(LayerPath)).Status == 307, "a client is sent to the store again");
    }

    private static Answer Expect(int status, Answer answer)
    {
        Assert.True(answer.Status == status, $"Expected {status}, got {answer}");
        return answer;
    }

    private async Task DeleteAsync()
    {
        Expect(202, await Client.RequestAsync("DELETE", LayerPath));
        await _registry.Host.Collector.RunAsync(TestContext.Current.CancellationToken);
    }
}
