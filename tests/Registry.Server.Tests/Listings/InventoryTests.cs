using System.Text.Json;

namespace Registry.Server.Tests.Listings;

/// <summary>The lists of repositories and tags of <c>/api/v1</c>.</summary>
public sealed class InventoryTests
{
    private const string Pages = "/api/v1/repositories?n=2";

    [Fact]
    public async Task Repositories_are_listed_in_pages_that_link_to_the_next_one()
    {
        await using var registry = await TestRegistry.StartAsync();
        var image = TestImage.Create();
        foreach (var name in new[] { "b/tags/list", "a", "c" })
        {
            await registry.Client.PushAsync(name, image, "v1", "latest");
        }

        var first = Check.Status(200, await registry.Client.GetAnswerAsync(Pages));
        Assert.Equal(["a", "b/tags/list"], Names(first));
        Assert.Equal("</api/v1/repositories?after=b%2Ftags%2Flist&n=2>; rel=\"next\"", first["Link"]);
        Assert.Equal("no-store", first["Cache-Control"]);
        var second = Check.Status(200, await registry.Client.GetAnswerAsync(first.Json.GetProperty("next").GetString()!));
        Assert.Equal(["c"], Names(second));
        Assert.False(second.Json.TryGetProperty("next", out _));
        var entry = second.Json.GetProperty("repositories")[0];
        Assert.Equal((2, 1), (entry.GetProperty("tags").GetInt32(), entry.GetProperty("manifests").GetInt32()));
        Assert.True(entry.GetProperty("pushedAt").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddHours(-1));
        Assert.Equal(JsonValueKind.Null, entry.GetProperty("pushedBy").ValueKind);
    }

    [Fact]
    public async Task Repositories_are_found_by_a_part_of_the_name_or_its_beginning_and_sorted()
    {
        await using var registry = await TestRegistry.StartAsync();
        foreach (var (name, size) in new[] { ("team/app", 2000), ("team/web-app", 1000), ("other/app", 3000) })
        {
            await registry.Client.PushAsync(name, TestImage.Create(layerSize: size), "v1");
        }

        Assert.Equal(["team/web-app"], Names(await registry.Client.GetAnswerAsync("/api/v1/repositories?q=web")));
        Assert.Equal(["other/app", "team/web-app", "team/app"], Names(await registry.Client.GetAnswerAsync("/api/v1/repositories?q=app&sort=pushed")));
        Assert.Equal(["team/web-app", "team/app"], Names(await registry.Client.GetAnswerAsync("/api/v1/repositories?prefix=team/&sort=pushed")));
        Assert.Equal(["team/app", "team/web-app"], Names(await registry.Client.GetAnswerAsync("/api/v1/repositories?prefix=team")));
        Assert.Empty(Names(await registry.Client.GetAnswerAsync("/api/v1/repositories?prefix=eam")));
        Assert.Empty(Names(await registry.Client.GetAnswerAsync("/api/v1/repositories?prefix=%7Bz&q=%00")));
    }

    [Fact]
    public async Task Tags_are_listed_with_their_images()
    {
        await using var registry = await TestRegistry.StartAsync();
        var image = TestImage.Create();
        await registry.Client.PushAsync("a/tags/b", image, "v1", "latest");
        await registry.Client.PushAsync("a/tags/b", TestImage.Create(), "v2");
        var answer = Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/tags?repository=a/tags/b"));
        Assert.Equal("a/tags/b", answer.Json.GetProperty("repository").GetString());
        Assert.Equal(["latest", "v1", "v2"], answer.Json.GetProperty("tags").EnumerateArray().Select(tag => tag.GetProperty("tag").GetString()));
        var latest = answer.Json.GetProperty("tags")[0];
        Assert.Equal(image.Digest, latest.GetProperty("digest").GetString());
        Assert.Equal(["v1"], latest.GetProperty("others").EnumerateArray().Select(tag => tag.GetString()));
        Assert.Equal(image.Manifest.Bytes.Length + image.Blobs.Sum(blob => blob.Bytes.Length), latest.GetProperty("size").GetInt64());
        Assert.Equal(["v2"], Tags(await registry.Client.GetAnswerAsync("/api/v1/tags?repository=a/tags/b&sort=time&n=1")));
        Assert.Equal(["v1", "v2"], Tags(await registry.Client.GetAnswerAsync("/api/v1/tags?repository=a/tags/b&prefix=v")));
        var page = await registry.Client.GetAnswerAsync("/api/v1/tags?repository=a/tags/b&n=2&sort=time");
        Assert.Single(Tags(await registry.Client.GetAnswerAsync(page.Json.GetProperty("next").GetString()!)));
    }

    [Fact]
    public async Task A_manifest_is_shown_with_what_refers_to_it_and_why_it_is_kept()
    {
        await using var registry = await TestRegistry.StartAsync();
        var image = TestImage.Create();
        await registry.Client.PushAsync("a/b", image, "v1", "latest");
        var manifest = await ShowAsync("v1");
        Assert.Equal((image.Digest, "a/b", "image"), (manifest.GetProperty("digest").GetString(), manifest.GetProperty("repository").GetString(), manifest.GetProperty("kind").GetString()));
        Assert.Equal(["latest", "v1"], manifest.GetProperty("tags").EnumerateArray().Select(tag => tag.GetProperty("tag").GetString()));
        Assert.Equal("""{"state":"held","by":["tags"]}""", manifest.GetProperty("keep").GetRawText());
        Assert.Equal((0, 0), (manifest.GetProperty("parents").GetArrayLength(), manifest.GetProperty("referrers").GetInt32()));
        Assert.Equal(manifest.GetRawText(), (await ShowAsync(image.Digest)).GetRawText());

        Check.Status(202, await registry.Client.RequestAsync("DELETE", "/v2/a/b/manifests/v1"));
        Check.Status(202, await registry.Client.RequestAsync("DELETE", "/v2/a/b/manifests/latest"));
        manifest = await ShowAsync(image.Digest);
        Assert.Equal("root", manifest.GetProperty("keep").GetProperty("state").GetString());
        Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await registry.Client.GetAnswerAsync("/api/v1/manifests/show?repository=a/b&reference=v1"));

        async Task<JsonElement> ShowAsync(string reference)
        {
            var answer = Check.Status(200, await registry.Client.GetAnswerAsync($"/api/v1/manifests/show?repository=a/b&reference={reference}"));
            Assert.Equal("no-store", answer["Cache-Control"]);
            return answer.Json;
        }
    }

    [Theory]
    [InlineData("/api/v1/manifests/show?repository=team/app", "'reference'")]
    [InlineData("/api/v1/manifests/show?repository=team/app&reference=-x", "'-x' is not a tag")]
    [InlineData("/api/v1/repositories?sort=age", "sort is 'age'; allowed: name, pushed, size")]
    [InlineData("/api/v1/repositories?sort=size&after=team/app", "'after' is no position in this list")]
    [InlineData("/api/v1/repositories?page=2", "there is no query parameter 'page'; allowed: q, prefix, sort, after, n")]
    [InlineData("/api/v1/repositories?q=a&q=b", "the query parameter 'q' is given 2 times")]
    [InlineData("/api/v1/tags?repository=team/app&sort=size", "sort is 'size'; allowed: name, time")]
    public async Task Bad_questions_are_explained(string path, string expected)
    {
        await using var registry = await TestRegistry.StartAsync();
        await registry.Client.PushAsync("team/app", TestImage.Create(), "v1");
        Assert.Contains(expected, Check.Status(400, await registry.Client.GetAnswerAsync(path)).Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_repository_is_not_found_and_a_page_size_of_zero_is_refused()
    {
        await using var registry = await TestRegistry.StartAsync();
        Check.Status(404, await registry.Client.GetAnswerAsync("/api/v1/tags?repository=team/app"));
        Check.Status(400, await registry.Client.GetAnswerAsync("/api/v1/repositories?n=0"));
    }

    private static IEnumerable<string?> Names(Answer answer) =>
        Check.Status(200, answer).Json.GetProperty("repositories").EnumerateArray().Select(one => one.GetProperty("repository").GetString());

    private static IEnumerable<string?> Tags(Answer answer) =>
        Check.Status(200, answer).Json.GetProperty("tags").EnumerateArray().Select(one => one.GetProperty("tag").GetString());
}
