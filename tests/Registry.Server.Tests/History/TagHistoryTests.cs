using System.Text.Json;

namespace Registry.Server.Tests.History;

/// <summary><c>GET /api/v1/tags/history</c> and <c>/show</c>: every manifest that a tag has referred to, and what it was at a time.</summary>
public sealed class TagHistoryTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private readonly TestImage _first = TestImage.Create();
    private readonly TestImage _second = TestImage.Create();

    [Fact]
    public async Task A_history_has_every_change_of_the_tag_and_outlives_it()
    {
        await PushAsync("history/all", "latest", _first, _second, _first);
        Check.Status(202, await fixture.Client.RequestAsync("DELETE", "/v2/history/all/manifests/latest"));
        await fixture.Client.PushAsync("history/all", TestImage.Create(), "another");

        var answer = Check.Status(200, await HistoryAsync("history/all", "latest"));

        Assert.Equal("application/json", answer["Content-Type"]);
        Assert.Equal("no-store", answer["Cache-Control"]);
        Assert.Null(answer["Link"]);
        Assert.Equal(("history/all", "latest"), (answer.Json.GetProperty("repository").GetString(), answer.Json.GetProperty("tag").GetString()));
        Assert.False(answer.Json.TryGetProperty("next", out _));
        Assert.Equal(
            [(null, _first.Digest), (_first.Digest, _second.Digest), (_second.Digest, _first.Digest), (_first.Digest, null)],
            Entries(answer).Select(entry => (entry.GetProperty("digest").GetString(), entry.GetProperty("previous").GetString())));
        var newest = Entries(answer)[1];
        Assert.Equal((_first.MediaType, _first.Manifest.Bytes.Length), (newest.GetProperty("mediaType").GetString(), newest.GetProperty("size").GetInt32()));
        Assert.Matches(@"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ$", newest.GetProperty("time").GetString()!);
        Assert.Equal("""{"source":"request","actor":null}""", newest.GetProperty("origin").GetRawText());
    }

    [Fact]
    public async Task Pages_follow_each_other_without_gap_or_repetition()
    {
        await PushAsync("history/pages", "t", [.. Enumerable.Range(0, 7).Select(i => i % 2 == 0 ? _first : _second)]);
        var whole = Entries(await HistoryAsync("history/pages", "t")).Select(Position).ToList();
        Assert.Equal(7, whole.Count);

        var paged = new List<long>();
        for (string? path = "/api/v1/tags/history?repository=history/pages&tag=t&n=3"; path is not null;)
        {
            var answer = Check.Status(200, await fixture.Client.GetAnswerAsync(path));
            paged.AddRange(Entries(answer).Select(Position));
            path = answer.Json.TryGetProperty("next", out var next) ? next.GetString() : null;
            Assert.Equal(path is null ? null : $"<{path}>; rel=\"next\"", answer["Link"]);
            Assert.True(path is null || (path.StartsWith("/api/v1/tags/history?", StringComparison.Ordinal) && path.EndsWith("&n=3", StringComparison.Ordinal)), path);
        }

        Assert.Equal(whole, paged);
        Assert.Equal(whole[2..], Entries(await HistoryAsync("history/pages", "t", $"&before={whole[1]}")).Select(Position));
        Assert.Empty(Entries(await HistoryAsync("history/pages", "t", "&before=0")));
        Assert.Equal(7, Entries(await HistoryAsync("history/pages", "t", $"&n={new string('9', 30)}")).Count);
    }

    [Fact]
    public async Task A_state_is_what_a_pull_would_have_got_at_the_time()
    {
        await PushAsync("history/show", "t", _first, _second);
        Check.Status(202, await fixture.Client.RequestAsync("DELETE", "/v2/history/show/manifests/t"));
        var times = Entries(await HistoryAsync("history/show", "t")).Select(entry => entry.GetProperty("time").GetString()!).Reverse().ToList();

        var now = Check.Status(200, await ShowAsync("history/show", "t"));
        Assert.Equal("no-store", now["Cache-Control"]);
        Assert.Equal((null, true, false), State(now));

        // Changes of the same millisecond cannot be told apart by a time: the last of them counts.
        var last = times.LastIndexOf(times[0]);
        Assert.Equal(last == 0 ? _first.Digest : last == 1 ? _second.Digest : null, State(await ShowAsync("history/show", "t", times[0])).Digest);
        Assert.Equal((null, false, true), State(await ShowAsync("history/show", "t", "2001-01-01T00:00:00Z")));
        Assert.Equal((null, true, false), State(await ShowAsync("history/show", "t", "9999-12-31T23:59:59.9999999Z")));
    }

    [Fact]
    public async Task A_tag_that_refers_to_a_manifest_has_the_change_that_set_it()
    {
        await PushAsync("history/now", "t", _first, _second);
        var answer = await ShowAsync("history/now", "t");

        Assert.Equal((_second.Digest, true, false), State(answer));
        Assert.Equal(_first.Digest, answer.Json.GetProperty("since").GetProperty("previous").GetString());
    }

    [Theory]
    [InlineData("2026-11-26T18:00:00Z")]
    [InlineData("2026-11-26t18:00:00.1234567890123z")]
    [InlineData("2026-11-26T18:00Z")]
    [InlineData("2026-11-26T18:00:00%2B01:00")]
    [InlineData("2026-11-26T18:00:00-12:00")]
    [InlineData("0001-01-01T00:00:00Z")]
    public async Task Times_are_those_of_RFC_3339(string time)
    {
        await PushAsync("history/times", "t", _first);
        Check.Status(200, await ShowAsync("history/times", "t", time));
    }

    [Theory]
    [InlineData("yesterday", "yesterday")]
    [InlineData("2026-11-26", "2026-11-26")]
    [InlineData("2026-11-26T18:00:00", "2026-11-26T18:00:00")]
    [InlineData("2026-11-31T18:00:00Z", "2026-11-31T18:00:00Z")]
    [InlineData("2026-11-26T25:00:00Z", "2026-11-26T25:00:00Z")]
    [InlineData("2026-11-26T18:00:00Z%0A", "2026-11-26T18:00:00Z\n")]
    [InlineData("0001-01-01T00:00:00%2B14:00", "0001-01-01T00:00:00+14:00")]
    [InlineData("2026-11-26T18:00:00%2B15:00", "2026-11-26T18:00:00+15:00")]
    [InlineData("1764180000", "1764180000")]
    public async Task Another_time_is_an_error_that_shows_one(string time, string shown) => Check.Problem(
        400, "UNSUPPORTED", "malformed request", $"at is '{shown}'; it must be a time with its offset from UTC (RFC 3339), such as 2026-11-26T18:00:00Z", await ShowAsync("history/x", "t", time));

    [Fact]
    public async Task A_plus_in_a_query_is_a_space_and_the_error_says_so() => Check.Problem(
        400,
        "UNSUPPORTED",
        "malformed request",
        "at is '2026-11-26T18:00:00 01:00'; it must be a time with its offset from UTC (RFC 3339), such as 2026-11-26T18:00:00Z; in a URL, write %2B for +",
        await ShowAsync("history/x", "t", "2026-11-26T18:00:00+01:00"));

    [Theory]
    [InlineData("history?repository=a", 400, "UNSUPPORTED", "malformed request", "the query parameter 'tag' is missing")]
    [InlineData("history?tag=t", 400, "UNSUPPORTED", "malformed request", "the query parameter 'repository' is missing")]
    [InlineData("history?repository=&tag=t", 400, "UNSUPPORTED", "malformed request", "the query parameter 'repository' is missing")]
    [InlineData("history?repository=a&repository=b&tag=t", 400, "UNSUPPORTED", "malformed request", "the query parameter 'repository' is given 2 times; give it once")]
    [InlineData("history?repository=a&tag=t&tag=u", 400, "UNSUPPORTED", "malformed request", "the query parameter 'tag' is given 2 times; give it once")]
    [InlineData("history?repository=A&tag=t", 400, "NAME_INVALID", "invalid repository name", null)]
    [InlineData("history?repository=%E2%82&tag=t", 400, "NAME_INVALID", "invalid repository name", null)]
    [InlineData("history?repository=a&tag=.t", 400, "MANIFEST_INVALID", "invalid tag", null)]
    [InlineData("history?repository=a&tag=sha256:00", 400, "MANIFEST_INVALID", "invalid tag", null)]
    [InlineData("history?repository=a&tag=t&n=0", 400, "UNSUPPORTED", "invalid page size", "n is '0'; it must be a whole number of 1 or more")]
    [InlineData("history?repository=a&tag=t&n=-1", 400, "UNSUPPORTED", "invalid page size", "n is '-1'; it must be a whole number of 1 or more")]
    [InlineData("history?repository=a&tag=t&before=x", 400, "UNSUPPORTED", "malformed request", "before is 'x'; it must be the position of a change, a whole number of 0 or more")]
    [InlineData("history?repository=a&tag=t&before=9223372036854775808", 400, "UNSUPPORTED", "malformed request", null)]
    [InlineData("history?repository=a&tag=t&last=1", 400, "UNSUPPORTED", "malformed request", "there is no query parameter 'last'; allowed: repository, tag, before, n")]
    [InlineData("show?repository=a&tag=t&At=x", 400, "UNSUPPORTED", "malformed request", "there is no query parameter 'At'; allowed: repository, tag, at")]
    [InlineData("show?repository=a&tag=t&at=2026-11-26T18:00Z&at=2026-11-26T18:00Z", 400, "UNSUPPORTED", "malformed request", "the query parameter 'at' is given 2 times; give it once")]
    [InlineData("history?repository=history/none&tag=t", 404, "MANIFEST_UNKNOWN", "manifest unknown", "the repository history/none has no tag t, and no history of it")]
    [InlineData("show?repository=history/none&tag=t", 404, "MANIFEST_UNKNOWN", "manifest unknown", "the repository history/none has no tag t, and no history of it")]
    [InlineData("nothing?repository=a&tag=t", 404, "UNSUPPORTED", "no such endpoint", null)]
    [InlineData("rollback?repository=a&tag=t", 405, "UNSUPPORTED", "the method is not allowed here", null)]
    public async Task Each_mistake_has_its_error(string request, int status, string code, string title, string? detail)
    {
        var answer = Check.Problem(status, code, title, await fixture.Client.GetAnswerAsync($"/api/v1/tags/{request}"));
        if (detail is not null)
        {
            Assert.Equal(detail, answer.Json.GetProperty("detail").GetString());
        }
    }

    [Fact]
    public async Task A_HEAD_has_the_headers_of_the_GET_and_no_body()
    {
        await PushAsync("history/head", "t", _first);
        var get = await HistoryAsync("history/head", "t");
        var head = Check.Status(200, await fixture.Client.HeadAnswerAsync("/api/v1/tags/history?repository=history/head&tag=t"));
        Assert.Equal((get["Content-Length"], ""), (head["Content-Length"], head.Text));
        Assert.Empty(Check.Status(404, await fixture.Client.HeadAnswerAsync("/api/v1/tags/history?repository=history/head&tag=none")).Text);
    }

    private static IReadOnlyList<JsonElement> Entries(Answer answer) => [.. Check.Status(200, answer).Json.GetProperty("entries").EnumerateArray()];

    private static long Position(JsonElement entry) => entry.GetProperty("position").GetInt64();

    private static (string? Digest, bool HasSince, bool HasUntil) State(Answer answer)
    {
        var json = Check.Status(200, answer).Json;
        return (json.GetProperty("digest").GetString(), json.GetProperty("since").ValueKind == JsonValueKind.Object, json.GetProperty("until").ValueKind == JsonValueKind.Object);
    }

    private async Task PushAsync(string repository, string tag, params TestImage[] images)
    {
        foreach (var image in images)
        {
            await fixture.Client.PushAsync(repository, image, tag);
        }
    }

    private Task<Answer> HistoryAsync(string repository, string tag, string more = "") =>
        fixture.Client.GetAnswerAsync($"/api/v1/tags/history?repository={repository}&tag={tag}{more}");

    private Task<Answer> ShowAsync(string repository, string tag, string? at = null) =>
        fixture.Client.GetAnswerAsync($"/api/v1/tags/show?repository={repository}&tag={tag}{(at is null ? "" : $"&at={at}")}");
}
