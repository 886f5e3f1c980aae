using System.Text.Json;
using Registry.Server.Tests.Web;

namespace Registry.Server.Tests.Activity;

/// <summary><c>GET /api/v1/activity</c> and the page: what has happened, the newest first.</summary>
public sealed class ActivityTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private readonly TestImage _first = TestImage.Create();
    private readonly TestImage _second = TestImage.Create();

    [Fact]
    public async Task A_repository_has_its_pushes_and_deletions()
    {
        await fixture.Client.PushAsync("activity/all", _first, "latest");
        await fixture.Client.PushAsync("activity/all", _second, "latest");
        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/activity/all/manifests/{_second.Digest}"));

        var answer = Check.Status(200, await fixture.Client.GetAnswerAsync("/api/v1/activity?repository=activity/all"));

        Assert.Equal("no-store", answer["Cache-Control"]);
        Assert.Null(answer["Link"]);
        Assert.Equal(
            [
                ("manifest-removed", null, _second.Digest, null),
                ("tag-removed", "latest", null, _second.Digest),
                ("tag-set", "latest", _second.Digest, _first.Digest),
                ("manifest-added", null, _second.Digest, null),
                ("tag-set", "latest", _first.Digest, null),
                ("manifest-added", null, _first.Digest, null),
            ],
            Changes(answer).Select(change => (Text(change, "kind"), Text(change, "tag"), Text(change, "digest"), Text(change, "previous"))));
        var set = Changes(answer)[2];
        Assert.Matches(@"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ$", Text(set, "time"));
        Assert.Equal(("activity/all", _second.MediaType, _second.Manifest.Bytes.Length), (Text(set, "repository"), Text(set, "mediaType"), set.GetProperty("size").GetInt32()));
        Assert.Equal("""{"source":"request","actor":null}""", set.GetProperty("origin").GetRawText());
    }

    [Fact]
    public async Task Pages_follow_each_other_with_the_same_filter()
    {
        for (var i = 0; i < 4; i++)
        {
            await fixture.Client.PushAsync("activity/pages", TestImage.Create(), $"v{i}");
        }

        var positions = new List<long>();
        for (string? path = "/api/v1/activity?repository=activity/pages&kind=tag-set&user=&n=3"; path is not null;)
        {
            var answer = Check.Status(200, await fixture.Client.GetAnswerAsync(path));
            Assert.All(Changes(answer), change => Assert.Equal("tag-set", Text(change, "kind")));
            positions.AddRange(Changes(answer).Select(change => change.GetProperty("position").GetInt64()));
            path = Text(answer.Json, "next");
            Assert.Equal(path is null ? null : $"<{path}>; rel=\"next\"", answer["Link"]);
        }

        Assert.Equal(4, positions.Count);
        Assert.Equal(positions.OrderDescending(), positions);
        Assert.Empty(Changes(await fixture.Client.GetAnswerAsync("/api/v1/activity?repository=activity/pages&user=nobody")));
    }

    [Fact]
    public async Task All_repositories_have_one_order()
    {
        await fixture.Client.PushAsync("activity/a", _first, "v1");
        await fixture.Client.PushAsync("activity/b", _second, "v1");
        Check.Status(200, await fixture.Client.RequestAsync("POST", "/api/v1/repositories/rename?repository=activity/a&to=activity/c", [], ("Content-Type", "application/json")));

        var changes = Changes(Check.Status(200, await fixture.Client.GetAnswerAsync("/api/v1/activity/all?n=100")))
            .Where(change => Text(change, "repository") is "activity/a" or "activity/b" or "activity/c").ToList();

        Assert.Equal(
            [("repository-renamed", "activity/a", "activity/c"), ("tag-set", "activity/b", null), ("manifest-added", "activity/b", null), ("tag-set", "activity/a", null), ("manifest-added", "activity/a", null)],
            changes.Select(change => (Text(change, "kind"), Text(change, "repository"), Text(change, "newName"))));
    }

    [Theory]
    [InlineData("kind=push", "kind is 'push'; allowed: manifest-added, manifest-removed, tag-set, tag-removed, repository-renamed")]
    [InlineData("before=x", "before is 'x'; it must be the position of a change, a whole number of 0 or more")]
    [InlineData("n=0", "n is '0'; it must be a whole number of 1 or more")]
    [InlineData("actor=ann", "there is no query parameter 'actor'; allowed: user, kind, before, n")]
    public async Task What_cannot_be_asked_is_refused(string query, string detail)
    {
        var answer = Check.Status(400, await fixture.Client.GetAnswerAsync($"/api/v1/activity/all?{query}"));
        Assert.Equal(detail, Text(answer.Json, "detail"));
    }

    [Fact]
    public async Task The_page_says_what_has_happened_and_leads_there()
    {
        var visitor = new Visitor(fixture.Client);
        await fixture.Client.PushAsync("activity/page", _first, "latest");
        await fixture.Client.PushAsync("activity/page", _second, "latest");

        foreach (var path in new[] { "/repositories/activity/page/-/activity", "/activity?kind=tag-set" })
        {
            var page = Check.Status(200, await visitor.OpenAsync(path)).Text;
            Assert.Contains("""tag <a href="/repositories/activity/page/-/history/latest"><bdi>latest</bdi></a> set to """, page, StringComparison.Ordinal);
            Assert.Contains($"""href="/repositories/activity/page/-/manifests/{_second.Digest}""", page, StringComparison.Ordinal);
            Assert.Equal(path.StartsWith("/rep", StringComparison.Ordinal), page.Contains("pushed</div>", StringComparison.Ordinal));
        }

        Assert.Contains("""<option selected value="tag-set">tag set</option>""", (await visitor.OpenAsync("/activity?kind=tag-set&user=%22%3Ex")).Text, StringComparison.Ordinal);
        Check.Status(400, await visitor.OpenAsync("/activity?kind=x"));
        Assert.Contains("Nothing has happened yet.", (await visitor.OpenAsync("/repositories/activity/nil/-/activity")).Text, StringComparison.Ordinal);
    }

    private static List<JsonElement> Changes(Answer answer) => [.. answer.Json.GetProperty("changes").EnumerateArray()];

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;
}
