using System.Text;

namespace Registry.Server.Tests.History;

/// <summary><c>POST /api/v1/tags/rollback</c>: sets a tag back, as a change of its own.</summary>
public sealed class RollbackTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private const string Impossible = "the tag cannot be set back";

    private readonly TestImage _first = TestImage.Create();
    private readonly TestImage _second = TestImage.Create();

    [Fact]
    public async Task A_push_is_undone_and_the_rollback_is_in_the_history()
    {
        await PushBothAsync("rollback/previous");

        var answer = Check.Status(200, await RollBackAsync("rollback/previous"));

        Assert.Equal("application/json", answer["Content-Type"]);
        Assert.Equal("no-store", answer["Cache-Control"]);
        Assert.Equal(($"\"{_first.Digest}\"", _first.Digest), (answer["ETag"], answer["Docker-Content-Digest"]));
        Assert.Equal(
            $$"""{"repository":"rollback/previous","tag":"t","digest":"{{_first.Digest}}","previous":"{{_second.Digest}}","changed":true}""", answer.Text);
        await AssertTagAsync("rollback/previous", _first);
        var history = await fixture.Client.GetAnswerAsync("/api/v1/tags/history?repository=rollback/previous&tag=t");
        Assert.Equal(
            [_first.Digest, _second.Digest, _first.Digest], history.Json.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("digest").GetString()));

        // Once more is forth again.
        Check.Status(200, await RollBackAsync("rollback/previous"));
        await AssertTagAsync("rollback/previous", _second);
    }

    [Fact]
    public async Task A_named_manifest_is_set_also_if_the_tag_never_had_it()
    {
        await PushBothAsync("rollback/to");
        var third = await fixture.Client.PushAsync("rollback/to", TestImage.Create());

        Check.Status(200, await RollBackAsync("rollback/to", $$"""{ "to": "{{third.Digest}}", "at": null }"""));
        await AssertTagAsync("rollback/to", third);

        var again = Check.Status(200, await RollBackAsync("rollback/to", $$"""{"to":"{{third.Digest}}"}"""));
        Assert.False(again.Json.GetProperty("changed").GetBoolean());
    }

    [Fact]
    public async Task The_state_at_a_time_is_set()
    {
        await PushBothAsync("rollback/at");
        var entries = (await fixture.Client.GetAnswerAsync("/api/v1/tags/history?repository=rollback/at&tag=t")).Json.GetProperty("entries");
        var (newer, older) = (entries[0].GetProperty("time").GetString(), entries[1].GetProperty("time").GetString());

        Check.Status(200, await RollBackAsync("rollback/at", $$"""{"at":"{{older}}"}"""));

        await AssertTagAsync("rollback/at", newer == older ? _second : _first);
        var none = await RollBackAsync("rollback/at", """{"at":"2001-01-01T00:00Z"}""");
        Check.Problem(409, "UNSUPPORTED", Impossible, "there was no tag t at 2001-01-01 00:00:00.000 UTC, and a rollback deletes none", none);
    }

    [Fact]
    public async Task A_deleted_tag_comes_back()
    {
        await PushBothAsync("rollback/deleted");
        Check.Status(202, await fixture.Client.RequestAsync("DELETE", "/v2/rollback/deleted/manifests/t"));

        var answer = Check.Status(200, await RollBackAsync("rollback/deleted", "", ("If-None-Match", "*")));

        Assert.Equal((_second.Digest, null), (answer.Json.GetProperty("digest").GetString(), answer.Json.GetProperty("previous").GetString()));
        await AssertTagAsync("rollback/deleted", _second);
    }

    [Fact]
    public async Task A_manifest_that_is_gone_is_a_conflict_that_says_when_and_by_whom()
    {
        await PushBothAsync("rollback/gone");
        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/rollback/gone/manifests/{_first.Digest}"));
        Check.Status(200, await fixture.Client.RequestAsync(
            "POST", $"/api/v1/trash/purge?repository=rollback/gone&digest={_first.Digest}", [], ("Content-Type", "application/json")));

        var answer = Check.Problem(409, "UNSUPPORTED", Impossible, await RollBackAsync("rollback/gone"));

        Assert.Matches(
            $"^{_first.Digest} was removed at 20[0-9:. -]+ UTC by a caller without credentials; push it again, or choose another manifest$",
            answer.Json.GetProperty("detail").GetString()!);
        await AssertTagAsync("rollback/gone", _second);
        Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await RollBackAsync("rollback/gone", $$"""{"to":"{{TestBlob.OfText("never").Digest}}"}"""));
        Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await RollBackAsync("rollback/gone", "", tag: "none"));
    }

    [Fact]
    public async Task A_deleted_manifest_comes_back_out_of_the_trash()
    {
        await PushBothAsync("rollback/trash");
        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/rollback/trash/manifests/{_first.Digest}"));

        Check.Status(200, await RollBackAsync("rollback/trash"));

        await AssertTagAsync("rollback/trash", _first);
        Assert.Equal("""{"entries":[]}""", (await fixture.Client.GetAnswerAsync("/api/v1/trash?repository=rollback/trash")).Text);
    }

    [Fact]
    public async Task A_tag_without_another_manifest_cannot_be_set_back()
    {
        await fixture.Client.PushAsync("rollback/one", _first, "t");
        Check.Problem(409, "UNSUPPORTED", Impossible, "t has referred to no other manifest that is remembered", await RollBackAsync("rollback/one"));
    }

    [Fact]
    public async Task A_condition_that_does_not_hold_changes_nothing()
    {
        await PushBothAsync("rollback/match");
        foreach (var (name, value) in new[]
        {
            ("If-Match", $"\"{_first.Digest}\""), ("If-Match", $"W/\"{_second.Digest}\""), ("If-None-Match", "*"), ("If-None-Match", $"\"{_second.Digest}\""),
        })
        {
            Check.Problem(412, "MANIFEST_INVALID", "precondition failed", await RollBackAsync("rollback/match", "", (name, value)));
        }

        await AssertTagAsync("rollback/match", _second);
        var tagged = await fixture.Client.HeadAnswerAsync("/v2/rollback/match/manifests/t");
        Check.Status(200, await RollBackAsync("rollback/match", "", ("If-Match", tagged["ETag"]!)));
        Check.Status(200, await RollBackAsync("rollback/match", "", ("If-Match", "*")));
        await AssertTagAsync("rollback/match", _second);
    }

    [Fact]
    public async Task Of_many_rollbacks_with_the_same_condition_one_succeeds()
    {
        await PushBothAsync("rollback/race");
        for (var round = 0; round < 5; round++)
        {
            var (before, after) = round % 2 == 0 ? (_second, _first) : (_first, _second);

            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RollBackAsync("rollback/race", "", ("If-Match", $"\"{before.Digest}\""))));

            // Some have found the tag as it was, and moved by the time of their change: then another manifest is the previous one.
            Assert.Single(answers, answer => answer.Status == 200);
            Assert.All(answers, answer => Assert.Contains(answer.Status, (int[])[200, 409, 412]));
            await AssertTagAsync("rollback/race", after);
        }
    }

    [Fact]
    public async Task Rollbacks_to_a_manifest_and_pushes_at_once_leave_a_history_without_gaps()
    {
        await PushBothAsync("rollback/busy");
        var work = Enumerable.Range(0, 24).Select(i => i % 2 == 0
            ? RollBackAsync("rollback/busy", $$"""{"to":"{{_first.Digest}}"}""")
            : fixture.Client.PutManifestAsync("rollback/busy", "t", _second));
        Assert.All(await Task.WhenAll(work), answer => Assert.Contains(answer.Status, (int[])[200, 201]));

        var entries = (await fixture.Client.GetAnswerAsync("/api/v1/tags/history?repository=rollback/busy&tag=t")).Json.GetProperty("entries").EnumerateArray().ToList();
        Assert.All(entries.Zip(entries.Skip(1)), pair => Assert.Equal(pair.Second.GetProperty("digest").GetString(), pair.First.GetProperty("previous").GetString()));
        Assert.Equal(entries[0].GetProperty("digest").GetString(), (await fixture.Client.HeadAnswerAsync("/v2/rollback/busy/manifests/t"))["Docker-Content-Digest"]);
    }

    [Theory]
    [InlineData("{", "the body is not valid JSON at line 1, byte 2: ")]
    [InlineData("{\n  to: 1 }", "the body is not valid JSON at line 2, byte 3: ")]
    [InlineData("{} {}", "the body is not valid JSON at line 1, byte 4: ")]
    [InlineData("[[[[[[1]]]]]]", "the body is not valid JSON at line 1, byte 5: ")]
    [InlineData("""{"to":"a","to":"b"}""", "the body is not valid JSON")]
    [InlineData("[]", "the body is an array; it must be an object")]
    [InlineData("null", "the body is null; it must be an object")]
    [InlineData("""{"to":1}""", "the body has a number as 'to'; it must be a string")]
    [InlineData("""{"at":{}}""", "the body has an object as 'at'; it must be a string")]
    [InlineData("""{"To":"x"}""", "the body has the field 'To'; allowed: to, at")]
    [InlineData("""{"to":"x","at":"y"}""", "the body has both 'to' and 'at'; give one of them, or none for the manifest before")]
    [InlineData("""{"at":"now"}""", "at is 'now'; it must be a time with its offset from UTC (RFC 3339), such as 2026-11-26T18:00:00Z")]
    [InlineData("""{"to":"\ud800"}""", "the body has an escape that is no character")]
    [InlineData("""{"\udc00":"x"}""", "the body has an escape that is no character")]
    public async Task A_body_that_is_wrong_is_told_what_is_wrong(string body, string detail)
    {
        var answer = Check.Problem(400, "UNSUPPORTED", "malformed request", await RollBackAsync("rollback/body", body));
        Assert.StartsWith(detail, answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_must_be_text_that_is_short_and_says_that_it_is_JSON()
    {
        const string Path = "/api/v1/tags/rollback?repository=rollback/body&tag=t";
        var json = Encoding.UTF8.GetBytes($$"""{"to":"{{new string('x', 20_000)}}"}""");
        Check.Problem(413, "UNSUPPORTED", "request body too large", "at most 16384 bytes are accepted", await PostAsync(json, "application/json"));
        Check.Problem(413, "UNSUPPORTED", "request body too large", await fixture.Client.StreamAsync("POST", Path, json, ("Content-Type", "application/json")));
        Check.Problem(400, "UNSUPPORTED", "malformed request", "the body is not valid UTF-8", await PostAsync([(byte)'"', 0xff, (byte)'"'], "application/json"));
        Check.Problem(400, "DIGEST_INVALID", "invalid digest", await PostAsync("""{"to":"sha256:00"}"""u8.ToArray(), "Application/JSON; charset=utf-8"));
        foreach (var body in new[] { "", "{}" })
        {
            Check.Problem(
                415,
                "UNSUPPORTED",
                "media type of the request body not supported",
                "the request has no Content-Type; send application/json",
                await PostAsync(Encoding.UTF8.GetBytes(body), null));
        }

        foreach (var form in new[] { "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x" })
        {
            Check.Problem(
                415,
                "UNSUPPORTED",
                "media type of the request body not supported",
                $"the body has the type '{form}'; send application/json",
                await PostAsync([], form));
        }

        Check.Problem(
            400, "UNSUPPORTED", "malformed request", "there is no query parameter 'to'; allowed: repository, tag", await fixture.Client.RequestAsync("POST", $"{Path}&to=x"));

        Task<Answer> PostAsync(byte[] body, string? type) =>
            fixture.Client.RequestAsync("POST", Path, body, type is null ? [] : [("Content-Type", type)]);
    }

    private async Task PushBothAsync(string repository)
    {
        await fixture.Client.PushAsync(repository, _first, "t");
        await fixture.Client.PushAsync(repository, _second, "t");
    }

    private async Task AssertTagAsync(string repository, TestImage image) =>
        Assert.Equal(image.Digest, Check.Status(200, await fixture.Client.HeadAnswerAsync($"/v2/{repository}/manifests/t"))["Docker-Content-Digest"]);

    private Task<Answer> RollBackAsync(string repository, string body = "", (string, string)? header = null, string tag = "t") => fixture.Client.RequestAsync(
        "POST",
        $"/api/v1/tags/rollback?repository={repository}&tag={tag}",
        Encoding.UTF8.GetBytes(body),
        [("Content-Type", "application/json"), .. header is { } given ? [given] : Array.Empty<(string, string)>()]);
}
