namespace Registry.Server.Tests.Manifests;

#pragma warning disable CA5394 // No secrets: who reads and who writes.

/// <summary>Concurrent requests for one tag, and for many tags, over HTTP.</summary>
public sealed class ConcurrentTagTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>, IDisposable
{
    private const int Writers = 64;
    private const int OperationsEach = 20;
    private const int NewTags = 1000;
    private const int Connections = 64;
    private const int Repositories = 10;
    private const int FirstPushes = 8;

    // As many at once as connections: what is more waits in the client.
    private readonly HttpClient _client =
        new(new SocketsHttpHandler { MaxConnectionsPerServer = Connections }) { BaseAddress = fixture.Client.BaseAddress };

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_tag_that_64_clients_set_and_read_is_one_register()
    {
        var history = new RegisterHistory<string>(string.Empty);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            for (var i = 0; i < OperationsEach; i++)
            {
                if (random.Next(2) == 0)
                {
                    await history.ReadAsync(() => ReadAsync("concurrent/register", "latest"));
                    continue;
                }

                var image = TestImage.Index([]);
                await history.WriteAsync(
                    image.Digest, async () => Check.Status(201, await _client.PutManifestAsync("concurrent/register", "latest", image)));
            }
        })));

        Assert.Equal(1 + (Writers * OperationsEach), history.Count);
        Assert.InRange(history.ValuesRead, 10, history.Count);
        Assert.Null(history.FindViolation());
    }

    [Fact]
    public async Task Of_a_thousand_new_tags_at_once_none_is_lost()
    {
        var images = Enumerable.Range(0, NewTags).ToDictionary(i => $"t{i:0000}", _ => TestImage.Index([]));

        await Task.WhenAll(images.Select(async entry =>
            Check.Status(201, await _client.PutManifestAsync("concurrent/many", entry.Key, entry.Value))));

        var listed = Check.Status(200, await _client.GetAnswerAsync($"/v2/concurrent/many/tags/list?n={NewTags + 1}")).Strings("tags");
        Assert.Equal(images.Keys.Order(StringComparer.Ordinal), listed);
        await Task.WhenAll(images.Select(async entry => Assert.Equal(entry.Value.Digest, await ReadAsync("concurrent/many", entry.Key))));
    }

    [Fact]
    public async Task First_pushes_to_a_new_repository_at_once_all_succeed_and_it_is_listed_once()
    {
        var names = Enumerable.Range(0, Repositories).Select(i => $"concurrent/new-{i}").ToList();
        var layer = TestImage.Create();

        await Task.WhenAll(names.SelectMany(name => Enumerable.Range(0, FirstPushes).Select(i =>
            _client.PushAsync(name, TestImage.On(layer), $"t{i}"))));

        var catalog = Check.Status(200, await _client.GetAnswerAsync("/v2/_catalog?n=1000")).Strings("repositories");
        Assert.Equal(names.Order(StringComparer.Ordinal), catalog.Where(name => name.StartsWith("concurrent/new-", StringComparison.Ordinal)));
        foreach (var name in names)
        {
            var tags = Check.Status(200, await _client.GetAnswerAsync($"/v2/{name}/tags/list")).Strings("tags");
            Assert.Equal(Enumerable.Range(0, FirstPushes).Select(i => $"t{i}"), tags);
        }
    }

    // The digest of what is served, which is what the header says; empty when there is nothing.
    private async Task<string> ReadAsync(string repository, string tag)
    {
        var answer = await _client.GetAnswerAsync($"/v2/{repository}/manifests/{tag}");
        if (answer.Status == 404)
        {
            return string.Empty;
        }

        var digest = new TestBlob(Check.Status(200, answer).Body).Digest;
        Assert.Equal(digest, answer["Docker-Content-Digest"]);
        return digest;
    }
}
