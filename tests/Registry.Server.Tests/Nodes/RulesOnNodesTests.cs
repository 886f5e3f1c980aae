using Registry.Core.Access;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Buckets;
using Registry.Server.Tests.Policies;
using Registry.Storage.Postgres;
using Registry.Storage.S3;
using Registry.Storage.Testing;

namespace Registry.Server.Tests.Nodes;

/// <summary>Rules of the file on three nodes that share a database and a bucket. <c>admin</c> asks.</summary>
[Collection(BucketCollection.Name)]
public sealed class RulesOnNodesTests(Gateway gateway, SharedDatabase databases) : IAsyncLifetime
{
    private const string App = "team/app";
    private const string None = """{ "rules": [] }""";
    private const string Immutable = """{ "rules": [{ "repository": "team/**", "immutableTags": ["v*"] }] }""";

    private readonly AccessFolder _access = new();
    private readonly List<PolicyConfigMap> _policies = [];
    private readonly List<TestRegistry> _nodes = [];
    private PostgresSettings _database = null!;
    private S3Settings _bucket = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        (_database, _bucket) = (await databases.CreateAsync(), gateway.NewSettings());
        for (var i = 0; i < 3; i++)
        {
            var policy = new PolicyConfigMap(None);
            _policies.Add(policy);
            _nodes.Add(await TestRegistry.StartAsync(options =>
                policy.Configure(_access.Configure(options, AuthenticationKind.Basic)) with { Database = _database, Bucket = _bucket }));
        }

        _client = new HttpClient(new Balancer([.. _nodes.Select(node => node.Client.BaseAddress!)])) { BaseAddress = new Uri("http://registry.example.com") };
        var (name, value) = AccessFolder.Basic("admin");
        foreach (var client in _nodes.Select(node => node.Client).Append(_client))
        {
            client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _policies.ForEach(policy => policy.Dispose());
        _access.Dispose();
    }

    [Fact]
    public async Task An_immutable_tag_is_set_once_by_pushes_at_the_same_time_at_all_nodes()
    {
        Write(Immutable);
        var images = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => _client.PushAsync(App, TestImage.Create())));
        for (var round = 0; round < 5; round++)
        {
            var tag = $"v{round}";
            var answers = await Task.WhenAll(images.Select(image => _client.PutManifestAsync(App, tag, image)));

            Assert.Equal((1, 11), (answers.Count(answer => answer.Status == 201), answers.Count(answer => answer.Status == 409)));
            await AssertTagAsync(tag, images[Array.FindIndex(answers, answer => answer.Status == 201)]);
        }
    }

    [Fact]
    public async Task A_tag_that_one_node_deletes_gets_no_other_digest_at_another_one()
    {
        Write(Immutable);
        var (image, other) = (await _client.PushAsync(App, TestImage.Create(), "v1"), await _client.PushAsync(App, TestImage.Create()));

        Check.Status(202, await _nodes[0].Client.RequestAsync("DELETE", $"/v2/{App}/manifests/v1"));
        Check.Status(409, await _nodes[1].Client.PutManifestAsync(App, "v1", other));
        Check.Status(409, await _nodes[2].Client.PutManifestAsync(App, other.Digest + "?tag=v1", other));
        Check.Status(201, await _nodes[1].Client.PutManifestAsync(App, "v1", image));

        // A deletion beside pushes of another digest, which would take the name between them.
        for (var i = 0; i < 10; i++)
        {
            var pushes = _nodes.Select(node => node.Client.PutManifestAsync(App, "v1", other)).ToList();
            Check.Status(202, await _nodes[i % 3].Client.RequestAsync("DELETE", $"/v2/{App}/manifests/v1"));
            Assert.All(await Task.WhenAll(pushes), answer => Assert.Equal(409, answer.Status));
            Check.Status(201, await _client.PutManifestAsync(App, "v1", image));
        }

        await AssertTagAsync("v1", image);
    }

    [Fact]
    public async Task Thirty_two_pushes_at_all_nodes_do_not_exceed_a_quota()
    {
        Write("""{ "rules": [{ "repository": "team/**", "quota": { "bytes": "100KB" } }] }""");
        var images = Enumerable.Range(0, 32).Select(_ => TestImage.Create(layers: 1, layerSize: 9000)).ToList();
        await Task.WhenAll(images.Select(async (image, i) =>
        {
            foreach (var blob in image.Blobs)
            {
                await _client.PushBlobAsync($"team/app{i}", blob);
            }
        }));

        var answers = await Task.WhenAll(images.Select((image, i) => _client.PutManifestAsync($"team/app{i}", "v1", image)));

        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { 201, 403 }));
        var stored = images.Where((_, i) => answers[i].Status == 201).Sum(image => image.Manifest.Bytes.Length + image.Blobs.Sum(blob => blob.Bytes.Length));
        Assert.InRange(stored, 80_000, 100_000);
        var explained = Check.Status(200, await _nodes[1].Client.GetAnswerAsync("/api/v1/policies/explain?image=team/app")).Json;
        Assert.Equal(stored, explained.GetProperty("rules")[0].GetProperty("quota").GetProperty("used").GetInt64());
    }

    [Fact]
    public async Task An_edit_of_the_ConfigMap_of_one_node_is_in_force_there_and_nowhere_else()
    {
        var images = new[] { await _client.PushAsync(App, TestImage.Create(), "v1"), await _client.PushAsync(App, TestImage.Create()) };
        _policies[1].Write(Immutable);

        await Eventually.HoldsAsync(async () => await MoveAsync(1) == 409, "the edit is in force");
        Assert.Equal((201, 201), (await MoveAsync(0), await MoveAsync(2)));

        // A broken edit changes nothing, and the next good one does.
        _policies[1].Write("{");
        await Eventually.TrueAsync(
            () => _nodes[1].Log.Entries.Any(entry => entry.Message.Contains("the last good version stays in force", StringComparison.Ordinal)), "the edit is refused");
        Assert.Equal((201, 409, 201), (await MoveAsync(0), await MoveAsync(1), await MoveAsync(2)));
        _policies[0].Write(Immutable);
        _policies[2].Write(Immutable);
        await Eventually.HoldsAsync(async () => await MoveAsync(0) + await MoveAsync(2) == 409 + 409, "the edit is in force at all nodes");
        _policies.ForEach(policy => policy.Write(None));
        await Eventually.HoldsAsync(async () => await MoveAsync(0) + await MoveAsync(1) + await MoveAsync(2) == 201 * 3, "the rule is gone at all nodes");

        // To the image that the tag is not.
        async Task<int> MoveAsync(int node)
        {
            var now = Check.Status(200, await _nodes[node].Client.HeadAnswerAsync($"/v2/{App}/manifests/v1"))["Docker-Content-Digest"];
            return (await _nodes[node].Client.PutManifestAsync(App, "v1", images.First(image => image.Digest != now))).Status;
        }
    }

    // For all nodes, at once.
    private void Write(string json)
    {
        _policies.ForEach(policy => policy.Write(json));
        _nodes.ForEach(node => node.Host.Reload());
    }

    private async Task AssertTagAsync(string tag, TestImage image)
    {
        foreach (var node in _nodes)
        {
            Assert.Equal(image.Digest, Check.Status(200, await node.Client.HeadAnswerAsync($"/v2/{App}/manifests/{tag}"))["Docker-Content-Digest"]);
        }
    }
}
