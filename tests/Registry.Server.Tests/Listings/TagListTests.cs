namespace Registry.Server.Tests.Listings;

/// <summary>OCI distribution-spec, "Listing Tags".</summary>
public sealed class TagListTests(TagListTests.Fixture fixture) : IClassFixture<TagListTests.Fixture>
{
    private const int Default = 10;
    private const int Max = 20;

    private static readonly string[] Tags =
        [.. Enumerable.Range(0, 25).Select(i => $"v{i}").Concat(["A", "Z", "_", "a", "a.b", "a-b", "a_b", "latest", "0"]).Order(StringComparer.Ordinal)];

    private readonly TestRegistry _registry = fixture.Registry;

    [Fact]
    public async Task Names_the_repository_and_its_tags_in_ordinal_order()
    {
        var answer = await GetAsync("?n=20");

        Assert.Equal("application/json", answer["Content-Type"]);
        Assert.Equal(["name", "tags"], answer.Json.EnumerateObject().Select(property => property.Name));
        Assert.Equal("lists/tags", answer.Json.GetProperty("name").GetString());
        Assert.Equal(Tags[..20], answer.Strings("tags"));
    }

    [Theory]
    [InlineData("", Default)]
    [InlineData("?n=1", 1)]
    [InlineData("?n=4", 4)]
    [InlineData("?n=020", 20)]
    [InlineData("?n=20", Max)]
    [InlineData("?n=21", Max)]
    [InlineData("?n=2147483647", Max)]
    [InlineData("?n=2147483648", Max)]
    [InlineData("?n=99999999999999999999999999", Max)]
    [InlineData("?ns=docker.io", Default)]
    public async Task A_page_has_the_wanted_size_within_the_limit_and_a_Link_to_the_next(string query, int size)
    {
        var answer = await GetAsync(query);

        Assert.Equal(Tags[..size], answer.Strings("tags"));
        var n = query.StartsWith("?n=", StringComparison.Ordinal) ? query[1..] + "&" : "";
        Assert.Equal($"</v2/lists/tags/tags/list?{n}last={Tags[size - 1]}>; rel=\"next\"", answer["Link"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?n=1")]
    [InlineData("?n=7")]
    [InlineData("?n=20")]
    [InlineData("?n=1000")]
    public async Task Links_lead_to_every_tag_once(string query)
    {
        var seen = new List<string>();
        for (var path = $"/v2/lists/tags/tags/list{query}"; path is not null;)
        {
            var answer = Check.Status(200, await _registry.Client.GetAnswerAsync(path));
            seen.AddRange(answer.Strings("tags"));
            path = answer["Link"] is { } link ? link[1..link.IndexOf('>', StringComparison.Ordinal)] : null;
        }

        Assert.Equal(Tags, seen);
    }

    [Fact]
    public async Task The_last_page_has_no_Link()
    {
        var answer = await GetAsync($"?n=5&last={Tags[^6]}");

        Assert.Equal(Tags[^5..], answer.Strings("tags"));
        Assert.Null(answer["Link"]);
    }

    [Theory]
    [InlineData("?n=0")]
    [InlineData("?n=0&last=A")]
    [InlineData("?n=000")]
    public async Task None_are_listed_when_none_are_wanted(string query)
    {
        var answer = await GetAsync(query);

        Assert.Empty(answer.Strings("tags"));
        Assert.Null(answer["Link"]);
    }

    [Theory]
    [InlineData("?n=")]
    [InlineData("?n=-1")]
    [InlineData("?n=+1")]
    [InlineData("?n=1.5")]
    [InlineData("?n=abc")]
    [InlineData("?n=1&n=2")]
    [InlineData("?n=0x10")]
    [InlineData("?n=%201")]
    [InlineData("?n=1%00")]
    [InlineData("?n=%D9%A1")]
    public async Task A_size_that_is_no_number_is_refused(string query)
    {
        foreach (var path in new[] { "/v2/lists/tags/tags/list", "/v2/lists/unknown/tags/list", "/v2/_catalog" })
        {
            var answer = Check.Error(400, "UNSUPPORTED", "invalid page size", await _registry.Client.GetAnswerAsync(path + query));
            Assert.EndsWith("it must be a whole number of 0 or more", Assert.Single(Check.Details(answer)), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a!")]
    [InlineData("b-that-does-not-exist")]
    [InlineData("")]
    [InlineData("~")]
    [InlineData("..%2f..")]
    [InlineData("%F0%9F%98%80")]
    public async Task What_comes_after_last_is_listed_whether_it_exists_or_not(string last)
    {
        var answer = await GetAsync($"?n=20&last={last}");

        var expected = Tags.Where(tag => string.CompareOrdinal(tag, Uri.UnescapeDataString(last)) > 0).Take(20);
        Assert.Equal(expected, answer.Strings("tags"));
    }

    [Fact]
    public async Task Paging_goes_on_from_a_tag_that_was_deleted_meanwhile()
    {
        await _registry.Client.PushAsync("lists/shrinking", TestImage.Index([]), "a", "b", "c", "d", "e");
        var first = await _registry.Client.GetAnswerAsync("/v2/lists/shrinking/tags/list?n=2");
        Check.Status(202, await _registry.Client.RequestAsync("DELETE", "/v2/lists/shrinking/manifests/b"));

        var link = first["Link"]!;
        var next = await _registry.Client.GetAnswerAsync(link[1..link.IndexOf('>', StringComparison.Ordinal)]);

        Assert.Equal(["c", "d"], next.Strings("tags"));
    }

    [Fact]
    public async Task A_repository_without_tags_has_an_empty_list()
    {
        await _registry.Client.PushAsync("lists/untagged", TestImage.Create());

        var answer = Check.Status(200, await _registry.Client.GetAnswerAsync("/v2/lists/untagged/tags/list"));

        Assert.Equal("""{"name":"lists/untagged","tags":[]}""", answer.Text);
    }

    [Fact]
    public async Task An_unknown_repository_is_404() => Check.Error(
        404, "NAME_UNKNOWN", "repository name not known to registry", await _registry.Client.GetAnswerAsync("/v2/lists/unknown/tags/list"));

    [Fact]
    public async Task A_manifest_that_was_refused_makes_no_repository()
    {
        Check.Status(400, await _registry.Client.PutManifestAsync("lists/refused", "latest", TestImage.Create()));

        Check.Status(404, await _registry.Client.GetAnswerAsync("/v2/lists/refused/tags/list"));
    }

    private async Task<Answer> GetAsync(string query) => Check.Status(200, await _registry.Client.GetAnswerAsync($"/v2/lists/tags/tags/list{query}"));

    /// <summary>A registry with small pages and a repository with many tags.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        public TestRegistry Registry { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Registry = await TestRegistry.StartAsync(options => options with { PaginationDefaultLimit = Default, PaginationMaxLimit = Max });
            var image = await Registry.Client.PushAsync("lists/tags", TestImage.Create());
            var query = string.Join('&', Tags.Reverse().Select(tag => $"tag={tag}"));
            Check.Status(201, await Registry.Client.PutManifestAsync("lists/tags", $"{image.Digest}?{query}", image));
        }

        public ValueTask DisposeAsync() => Registry.DisposeAsync();
    }
}
