using Registry.Server.Configuration;
using Registry.Server.Tests.Buckets;
using Registry.Storage.Postgres;
using Registry.Storage.S3;
using Registry.Storage.Testing;

namespace Registry.Server.Tests.Nodes;

/// <summary>Three nodes that share a database and a bucket, each request at another one.</summary>
[Collection(BucketCollection.Name)]
public sealed class NodesTests(Gateway gateway, SharedDatabase databases) : IAsyncLifetime
{
    private const string Repository = "team/app";

    // Two parts and a rest.
    private static readonly TestBlob Layer = TestBlob.Random(11_000_000);

    private readonly List<TestRegistry> _nodes = [];
    private PostgresSettings _database = null!;
    private S3Settings _bucket = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        (_database, _bucket) = (await databases.CreateAsync(), gateway.NewSettings());
        for (var i = 0; i < 3; i++)
        {
            _nodes.Add(await StartNodeAsync());
        }

        _client = new HttpClient(new Balancer([.. _nodes.Select(node => node.Client.BaseAddress!)])) { BaseAddress = new Uri("http://registry.example.com") };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task What_one_node_acknowledges_every_node_serves()
    {
        var image = await _client.PushAsync(Repository, TestImage.Create(layers: 3, layerSize: 100_000), "latest");
        var artifact = await _client.PushAsync(Repository, TestImage.Artifact("application/example", image));
        foreach (var node in _nodes)
        {
            foreach (var blob in image.Blobs)
            {
                Assert.Equal(blob.Bytes, Expect(200, await node.Client.GetAnswerAsync($"/v2/{Repository}/blobs/{blob.Digest}")).Body);
            }

            Assert.Equal(image.Manifest.Bytes, Expect(200, await node.Client.GetAnswerAsync($"/v2/{Repository}/manifests/latest")).Body);
            Assert.Equal(["latest"], Expect(200, await node.Client.GetAnswerAsync($"/v2/{Repository}/tags/list")).Strings("tags"));
            Assert.Equal([Repository], Expect(200, await node.Client.GetAnswerAsync("/v2/_catalog")).Strings("repositories"));
            Assert.Contains(artifact.Digest, Expect(200, await node.Client.GetAnswerAsync($"/v2/{Repository}/referrers/{image.Digest}")).Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_move_or_a_removal_is_seen_at_once_by_nodes_that_have_just_served_the_old()
    {
        var (first, second) = (await _client.PushAsync(Repository, TestImage.Create(), "latest"), await _client.PushAsync(Repository, TestImage.Create()));
        var blob = first.Blobs[0];
        await AssertAllAsync($"manifests/latest", 200, first.Manifest.Bytes);
        await AssertAllAsync($"blobs/{blob.Digest}", 200, blob.Bytes);

        Expect(201, await _nodes[0].Client.PutManifestAsync(Repository, "latest", second));
        await AssertAllAsync("manifests/latest", 200, second.Manifest.Bytes);

        Expect(202, await _nodes[1].Client.RequestAsync("DELETE", $"/v2/{Repository}/manifests/{first.Digest}"));
        await AssertAllAsync($"manifests/{first.Digest}", 404);
        Expect(202, await _nodes[2].Client.RequestAsync("DELETE", $"/v2/{Repository}/blobs/{blob.Digest}"));
        await AssertAllAsync($"blobs/{blob.Digest}", 404);
    }

    [Fact]
    public async Task A_signature_that_one_node_removes_is_gone_at_once_at_every_node()
    {
        using var folder = new TemporaryFolder();
        using var signer = new TestSigner();
        await File.WriteAllTextAsync(folder.File("test.pub"), signer.PublicKey, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            folder.File("policy.json"), """{ "rules": [ { "repository": "team/**", "requireSignature": { "cosign": ["test.pub"] } } ] }""", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            folder.File("rules.json"),
            """{ "defaultPolicy": "allow", "rules": [ { "repository": "**", "users": ["$anonymous"], "permissions": ["pull"] } ] }""",
            TestContext.Current.CancellationToken);
        await using var first = await StartNodeAsync(WithRules);
        await using var second = await StartNodeAsync(WithRules);
        var image = await _client.PushAsync(Repository, TestImage.Create(), "latest");
        for (var i = 0; i < 10; i++)
        {
            var signature = await _client.PushAsync(Repository, signer.Bundle(image));
            Expect(200, await first.Client.GetAnswerAsync($"/v2/{Repository}/manifests/latest"));
            Expect(200, await second.Client.GetAnswerAsync($"/v2/{Repository}/manifests/latest"));
            Expect(202, await _client.RequestAsync("DELETE", $"/v2/{Repository}/manifests/{signature.Digest}"));
            Expect(403, await second.Client.GetAnswerAsync($"/v2/{Repository}/manifests/latest"));
            Expect(403, await first.Client.GetAnswerAsync($"/v2/{Repository}/manifests/latest"));
        }

        RegistryOptions WithRules(RegistryOptions options) => options with { AccessControlPath = folder.File("rules.json"), PolicyConfig = folder.File("policy.json") };
    }

    [Fact]
    public async Task An_upload_goes_on_at_another_node_with_every_request_and_after_the_end_of_the_one_that_had_it()
    {
        var location = await _client.BeginUploadAsync(Repository);
        location = await PatchAsync(location, 0, 6_000_000);
        location = await PatchAsync(location, 6_000_000, 6_100_000);
        Assert.Equal("0-6099999", Expect(204, await _client.GetAnswerAsync(location))["Range"]);
        Assert.Equal(416, (await _client.RequestAsync("PATCH", location, Layer.Bytes[5..10], ("Content-Range", "5-9"))).Status);

        await _nodes[2].DisposeAsync();
        _nodes[2] = await StartNodeAsync();
        using var client = new HttpClient(new Balancer([_nodes[2].Client.BaseAddress!, _nodes[0].Client.BaseAddress!])) { BaseAddress = _client.BaseAddress };
        location = Expect(202, await client.RequestAsync("PATCH", location, Layer.Bytes[6_100_000..10_000_000])).Location;
        Expect(201, await client.RequestAsync("PUT", location.WithDigest(Layer.Digest), Layer.Bytes[10_000_000..]));
        Assert.Equal(Layer.Bytes, Expect(200, await client.GetAnswerAsync($"/v2/{Repository}/blobs/{Layer.Digest}")).Body);
        Assert.Equal(Layer.Bytes[9_999_990..10_000_010], Expect(206, await client.GetAnswerAsync($"/v2/{Repository}/blobs/{Layer.Digest}", ("Range", "bytes=9999990-10000009"))).Body);
    }

    [Fact]
    public async Task One_compare_and_swap_of_many_wins()
    {
        var images = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => _client.PushAsync(Repository, TestImage.Create())));
        var answers = await Task.WhenAll(images.Select(image => _client.PutManifestAsync(Repository, "once", image, ("If-None-Match", "*"))));
        var winner = images[Array.FindIndex(answers, answer => answer.Status == 201)];
        Assert.Equal(11, answers.Count(answer => answer.Status == 412));
        await AssertAllAsync("manifests/once", 200, winner.Manifest.Bytes);
    }

    [Fact]
    public async Task A_node_without_work_collects_what_no_manifest_needs_and_nothing_else()
    {
        var image = await _client.PushAsync(Repository, TestImage.Create(layerSize: 200_000), "latest");
        await _client.PushBlobAsync(Repository, Layer);
        await AssertAllAsync($"blobs/{Layer.Digest}", 200, Layer.Bytes);
        await SharedDatabase.AdvanceAsync(_database, TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));
        await Eventually.HoldsAsync(
            async () =>
            {
                await _nodes[1].Host.Collector.RunAsync(TestContext.Current.CancellationToken);
                return (await _nodes[0].Client.HeadAnswerAsync($"/v2/{Repository}/blobs/{Layer.Digest}")).Status == 404;
            },
            "the blob is collected");
        await AssertAllAsync($"blobs/{Layer.Digest}", 404);
        await AssertAllAsync($"blobs/{image.Blobs[1].Digest}", 200, image.Blobs[1].Bytes);
        await AssertAllAsync("manifests/latest", 200, image.Manifest.Bytes);
    }

    [Fact]
    public async Task A_promise_of_a_read_only_node_binds_the_others()
    {
        await _client.PushBlobAsync(Repository, Layer);
        await SharedDatabase.AdvanceAsync(_database, TimeSpan.FromHours(13));
        await ObserveAsync(13);
        _nodes[0].Host.ReadOnly.TurnOn();
        Expect(200, await _nodes[0].Client.HeadAnswerAsync($"/v2/{Repository}/blobs/{Layer.Digest}"));
        await SharedDatabase.AdvanceAsync(_database, TimeSpan.FromHours(12));
        await ObserveAsync(25);
        await _nodes[1].Host.Collector.RunAsync(TestContext.Current.CancellationToken);
        await AssertAllAsync($"blobs/{Layer.Digest}", 200, Layer.Bytes);
    }

    [Fact]
    public async Task A_token_of_one_node_is_good_at_every_node()
    {
        using var folder = new TemporaryFolder();
        var users = folder.File("users");
        await File.WriteAllTextAsync(users, $"anna:{BCrypt.Net.BCrypt.HashPassword("secret", 4)}\n", TestContext.Current.CancellationToken);
        await using var first = await StartNodeAsync(WithTokens);
        await using var second = await StartNodeAsync(WithTokens);
        var basic = Convert.ToBase64String("anna:secret"u8);
        var answer = Expect(200, await first.Client.GetAnswerAsync($"/token?service=registry&scope=repository:{Repository}:pull,push", ("Authorization", $"Basic {basic}")));
        var token = answer.Json.GetProperty("token").GetString()!;
        Expect(202, await second.Client.RequestAsync("POST", $"/v2/{Repository}/blobs/uploads/", null, ("Authorization", $"Bearer {token}")));

        RegistryOptions WithTokens(RegistryOptions options) => options with { Authentication = Core.Access.AuthenticationKind.BuiltInToken, HtpasswdPath = users };
    }

    private static Answer Expect(int status, Answer answer)
    {
        Assert.True(answer.Status == status, $"{status} was expected: {answer}");
        return answer;
    }

    // Each node learns the time of the database once a second.
    private Task ObserveAsync(int hours) => Eventually.TrueAsync(
        () => _nodes.All(node => node.Host.Storage.Clock.Now >= hours * 3600), "the nodes know the time");

    private async Task<string> PatchAsync(string location, int from, int to) =>
        Expect(202, await _client.RequestAsync("PATCH", location, Layer.Bytes[from..to], ("Content-Range", $"{from}-{to - 1}"))).Location;

    private async Task AssertAllAsync(string path, int status, byte[]? body = null)
    {
        foreach (var node in _nodes)
        {
            var answer = Expect(status, await node.Client.GetAnswerAsync($"/v2/{Repository}/{path}"));
            Assert.Equal(body ?? answer.Body, answer.Body);
        }
    }

    private Task<TestRegistry> StartNodeAsync(Func<RegistryOptions, RegistryOptions>? configure = null) => TestRegistry.StartAsync(options =>
    {
        var node = options with { Database = _database, Bucket = _bucket };
        return configure?.Invoke(node) ?? node;
    });
}
