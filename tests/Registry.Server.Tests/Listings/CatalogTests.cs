namespace Registry.Server.Tests.Listings;

/// <summary><c>/v2/_catalog</c>, of Docker's registry API: the repositories that hold a manifest.</summary>
public sealed class CatalogTests(CatalogTests.Fixture fixture) : IClassFixture<CatalogTests.Fixture>
{
    private static readonly string[] Repositories =
        [.. Enumerable.Range(0, 12).Select(i => $"r{i}").Concat(["a", "a/b", "a/b/c", "a-b", "a.b", "a__b", "0", "z/tags/list", "v2/x"]).Order(StringComparer.Ordinal)];

    private readonly TestRegistry _registry = fixture.Registry;

    [Theory]
    [InlineData("", 5)]
    [InlineData("?n=3", 3)]
    [InlineData("?n=8", 8)]
    [InlineData("?n=9", 8)]
    [InlineData("?n=9999999999", 8)]
    public async Task A_page_has_the_wanted_size_within_the_limit_and_a_Link_to_the_next(string query, int size)
    {
        var answer = await GetAsync(query);

        Assert.Equal("application/json", answer["Content-Type"]);
        Assert.Equal("repositories", Assert.Single(answer.Json.EnumerateObject()).Name);
        Assert.Equal(Repositories[..size], answer.Strings("repositories"));
        var n = query.Length > 0 ? query[1..] + "&" : "";
        Assert.Equal($"</v2/_catalog?{n}last={Uri.EscapeDataString(Repositories[size - 1])}>; rel=\"next\"", answer["Link"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?n=1")]
    [InlineData("?n=8")]
    public async Task Links_lead_to_every_repository_once(string query)
    {
        var seen = new List<string>();
        for (var path = $"/v2/_catalog{query}"; path is not null;)
        {
            var answer = Check.Status(200, await _registry.Client.GetAnswerAsync(path));
            seen.AddRange(answer.Strings("repositories"));
            path = answer["Link"] is { } link ? link[1..link.IndexOf('>', StringComparison.Ordinal)] : null;
        }

        Assert.Equal(Repositories, seen);
    }

    [Fact]
    public async Task None_are_listed_when_none_are_wanted()
    {
        var answer = await GetAsync("?n=0");

        Assert.Equal("""{"repositories":[]}""", answer.Text);
        Assert.Null(answer["Link"]);
    }

    [Theory]
    [InlineData("a/bb")]
    [InlineData("NOT A NAME")]
    [InlineData("zzz")]
    public async Task What_comes_after_last_is_listed_whether_it_exists_or_not(string last)
    {
        var answer = await GetAsync($"?n=8&last={Uri.EscapeDataString(last)}");

        Assert.Equal(Repositories.Where(name => string.CompareOrdinal(name, last) > 0).Take(8), answer.Strings("repositories"));
    }

    [Fact]
    public async Task Only_repositories_that_hold_a_manifest_are_listed()
    {
        await using var registry = await TestRegistry.StartAsync();
        await registry.Client.PushBlobAsync("blobs-only", TestBlob.Random());
        await registry.Client.BeginUploadAsync("upload-only");
        var image = await registry.Client.PushAsync("emptied", TestImage.Create(), "latest");
        await registry.Client.PushAsync("untagged", TestImage.Index([]), "latest");
        Assert.Equal(["emptied", "untagged"], (await registry.Client.GetAnswerAsync("/v2/_catalog")).Strings("repositories"));

        Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/emptied/manifests/{image.Digest}"));
        Check.Status(202, await registry.Client.RequestAsync("DELETE", "/v2/untagged/manifests/latest"));

        Assert.Equal(["untagged"], (await registry.Client.GetAnswerAsync("/v2/_catalog")).Strings("repositories"));
    }

    [Fact]
    public async Task An_empty_registry_has_an_empty_catalog()
    {
        await using var empty = await TestRegistry.StartAsync();

        Assert.Equal("""{"repositories":[]}""", (await empty.Client.GetAnswerAsync("/v2/_catalog")).Text);
    }

    private async Task<Answer> GetAsync(string query) => Check.Status(200, await _registry.Client.GetAnswerAsync($"/v2/_catalog{query}"));

    /// <summary>A registry with small pages and many repositories.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        public TestRegistry Registry { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Registry = await TestRegistry.StartAsync(options => options with { PaginationDefaultLimit = 5, PaginationMaxLimit = 8 });
            foreach (var repository in Repositories.Reverse())
            {
                await Registry.Client.PushAsync(repository, TestImage.Index([]));
            }
        }

        public ValueTask DisposeAsync() => Registry.DisposeAsync();
    }
}
