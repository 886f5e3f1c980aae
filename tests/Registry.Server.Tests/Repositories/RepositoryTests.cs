namespace Registry.Server.Tests.Repositories;

/// <summary><c>/api/v1/repositories</c>: what a repository holds, its rename and its deletion.</summary>
public sealed class RepositoryTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private const int Week = 7 * 86400;

    private static readonly (string, string) Json = ("Content-Type", "application/json");

    private readonly HttpClient _client = fixture.Client;

    [Fact]
    public async Task A_repository_is_pulled_by_its_new_name_and_the_history_says_where_it_went()
    {
        var image = await _client.PushAsync("rename/app", TestImage.Create(), "latest");
        await _client.PushAsync("rename/app/below", TestImage.Create(), "latest");
        var before = Check.Status(200, await _client.GetAnswerAsync("/v2/rename/app/manifests/latest"));

        var renamed = Check.Status(200, await PostAsync("rename?repository=rename/app&to=rename/new/app"));

        Assert.Equal("""{"repository":"rename/new/app","previous":"rename/app"}""", renamed.Text);
        Assert.Equal("no-store", renamed["Cache-Control"]);
        var after = Check.Status(200, await _client.GetAnswerAsync("/v2/rename/new/app/manifests/latest"));
        Assert.Equal((before.Text, before["Docker-Content-Digest"]), (after.Text, after["Docker-Content-Digest"]));
        Check.Status(200, await _client.GetAnswerAsync($"/v2/rename/new/app/blobs/{image.Blobs[0].Digest}"));
        Check.Error(404, "MANIFEST_UNKNOWN", "manifest unknown", await _client.GetAnswerAsync("/v2/rename/app/manifests/latest"));
        Check.Error(404, "NAME_UNKNOWN", "repository name not known to registry", await _client.GetAnswerAsync("/v2/rename/app/tags/list"));
        Check.Status(404, await _client.GetAnswerAsync($"/v2/rename/app/blobs/{image.Blobs[0].Digest}"));
        Check.Status(200, await _client.GetAnswerAsync("/v2/rename/app/below/manifests/latest"));
        var catalog = await _client.GetAnswerAsync("/v2/_catalog?last=renam&n=100");
        Assert.Contains("\"rename/new/app\"", catalog.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"rename/app\"", catalog.Text, StringComparison.Ordinal);

        var history = Check.Status(200, await _client.GetAnswerAsync("/api/v1/tags/history?repository=rename/new/app&tag=latest"));
        Assert.Equal(1, history.Json.GetProperty("entries").GetArrayLength());
        foreach (var answer in new[]
        {
            Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await _client.GetAnswerAsync("/api/v1/tags/history?repository=rename/app&tag=latest")),
            Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await _client.GetAnswerAsync("/api/v1/tags/show?repository=rename/app&tag=latest")),
            Check.Problem(
                404, "MANIFEST_UNKNOWN", "manifest unknown", await _client.RequestAsync("POST", "/api/v1/tags/rollback?repository=rename/app&tag=latest", [], Json)),
            Check.Problem(404, "NAME_UNKNOWN", "repository name not known to registry", await _client.GetAnswerAsync("/api/v1/repositories/show?repository=rename/app")),
            Check.Problem(404, "NAME_UNKNOWN", "repository name not known to registry", await PostAsync("rename?repository=rename/app&to=rename/again")),
            Check.Problem(404, "NAME_UNKNOWN", "repository name not known to registry", await PostAsync("delete?repository=rename/app")),
        })
        {
            Assert.Contains("the repository rename/app was renamed to rename/new/app at ", answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        // The name is free.
        await _client.PushAsync("rename/app", image, "latest");
        Check.Status(200, await _client.GetAnswerAsync("/api/v1/tags/history?repository=rename/app&tag=latest"));
    }

    [Fact]
    public async Task A_deleted_repository_is_gone_and_can_be_pushed_again()
    {
        var image = await _client.PushAsync("delete/app", TestImage.Create(), "v1");
        await _client.PushAsync("delete/app", image, "v2");
        await _client.PushAsync("delete/app", TestImage.Create(), "v3");
        await _client.PushAsync("delete/app/below", image, "v1");
        var summary = Check.Status(200, await _client.GetAnswerAsync("/api/v1/repositories/show?repository=delete/app")).Json;
        Assert.Equal((2, 3), (summary.GetProperty("manifests").GetInt32(), summary.GetProperty("tags").GetInt32()));
        Assert.Equal((0, Week), (summary.GetProperty("trashed").GetInt32(), summary.GetProperty("trashSeconds").GetInt32()));
        Assert.True(summary.GetProperty("bytes").GetInt64() > image.Blobs.Sum(blob => blob.Bytes.Length));

        var deletion = Check.Status(200, await PostAsync("delete?repository=delete/app"));

        // The trash holds the blobs.
        Assert.Equal((2, 3, 0), (Number("manifests"), Number("tags"), Number("blobs")));
        Assert.Equal((2, Week), (Number("trashed"), Number("trashSeconds")));
        Assert.True(deletion.Json.GetProperty("gone").GetBoolean());
        Check.Error(404, "NAME_UNKNOWN", "repository name not known to registry", await _client.GetAnswerAsync("/v2/delete/app/tags/list"));
        Check.Status(404, await _client.GetAnswerAsync("/v2/delete/app/manifests/v1"));
        Check.Status(200, await _client.GetAnswerAsync($"/v2/delete/app/blobs/{image.Blobs[0].Digest}"));
        Check.Problem(
            404, "NAME_UNKNOWN", "repository name not known to registry", "there is no repository delete/app", await PostAsync("delete?repository=delete/app"));
        Check.Status(200, await _client.GetAnswerAsync("/v2/delete/app/below/manifests/v1"));

        await _client.PushAsync("delete/app", image, "v4");
        Assert.Equal("""{"name":"delete/app","tags":["v4"]}""", (await _client.GetAnswerAsync("/v2/delete/app/tags/list")).Text);

        int Number(string name) => deletion.Json.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task A_rename_to_a_name_that_is_taken_changes_nothing()
    {
        await _client.PushAsync("taken/one", TestImage.Create(), "latest");
        await _client.PushAsync("taken/two", TestImage.Create(), "latest");
        await _client.PushBlobAsync("taken/three", TestBlob.Random(10));

        Check.Problem(409, "UNSUPPORTED", "the repository cannot be renamed", "there is a repository taken/two", await PostAsync("rename?repository=taken/one&to=taken/two"));
        Check.Problem(
            409,
            "UNSUPPORTED",
            "the repository cannot be renamed",
            "blobs were pushed to a repository taken/three, perhaps by a push that is in progress; delete that repository, or choose another name",
            await PostAsync("rename?repository=taken/one&to=taken/three"));
        Check.Problem(400, "UNSUPPORTED", "malformed request", "the repository has the name taken/one already", await PostAsync("rename?repository=taken/one&to=taken/one"));
        Check.Status(200, await _client.GetAnswerAsync("/v2/taken/one/manifests/latest"));
        Check.Status(200, await PostAsync("delete?repository=taken/three"));
        Check.Status(200, await PostAsync("rename?repository=taken/one&to=taken/three"));
    }

    [Fact]
    public async Task An_upload_in_progress_stays_with_the_old_name()
    {
        await _client.PushAsync("upload/app", TestImage.Create(), "latest");
        var blob = TestBlob.Random(1000);
        var upload = await _client.BeginUploadAsync("upload/app");
        Check.Status(200, await PostAsync("rename?repository=upload/app&to=upload/new"));

        Check.Status(201, await _client.RequestAsync("PUT", $"{upload}{(upload.Contains('?', StringComparison.Ordinal) ? '&' : '?')}digest={blob.Digest}", blob.Bytes));

        Check.Status(200, await _client.GetAnswerAsync($"/v2/upload/app/blobs/{blob.Digest}"));
        Check.Status(404, await _client.GetAnswerAsync($"/v2/upload/new/blobs/{blob.Digest}"));
        Check.Status(200, await _client.GetAnswerAsync("/v2/upload/new/manifests/latest"));
    }

    [Fact]
    public async Task A_deleted_repository_comes_back_part_by_part_and_a_repetition_does_no_harm()
    {
        var image = await _client.PushAsync("back/app", TestImage.Create(), "v1");
        var index = await _client.PushAsync("back/app", TestImage.Index([image, TestImage.Create()]), "multi");
        var secret = await _client.PushAsync("back/app", TestImage.Create(), "secret");
        Check.Status(202, await _client.RequestAsync("DELETE", $"/v2/back/app/manifests/{secret.Digest}"));
        Check.Status(200, await PostAsync("delete?repository=back/app"));
        var latest = await _client.PushAsync("back/app", TestImage.Create(), "v1");

        var (manifests, tags, kept, parts) = (0L, 0L, new List<string>(), 0);
        for (string? path = "restore?repository=back/app&n=2"; path is not null; parts++)
        {
            var part = Check.Status(200, await PostAsync(path));
            Assert.Equal("no-store", part["Cache-Control"]);
            (manifests, tags) = (manifests + part.Json.GetProperty("manifests").GetInt64(), tags + part.Json.GetProperty("tags").GetInt64());
            kept.AddRange(part.Json.GetProperty("kept").EnumerateArray().Select(tag => tag.GetRawText()));
            Assert.Equal(0, part.Json.GetProperty("refused").GetArrayLength() + part.Json.GetProperty("earlier").GetInt32());
            path = part.Json.TryGetProperty("next", out var next) ? next.GetString()!["/api/v1/repositories/".Length..] : null;
        }

        Assert.Equal((3, 1, 2), (manifests, tags, parts));
        Assert.Equal([$$"""{"tag":"v1","digest":"{{latest.Digest}}","restored":"{{image.Digest}}"}"""], kept);
        Assert.Equal(index.Digest, Check.Status(200, await _client.HeadAnswerAsync("/v2/back/app/manifests/multi"))["Docker-Content-Digest"]);
        Check.Status(200, await _client.GetAnswerAsync($"/v2/back/app/manifests/{image.Digest}"));
        Check.Status(404, await _client.GetAnswerAsync($"/v2/back/app/manifests/{secret.Digest}"));
        Assert.Equal(
            """{"repository":"back/app","manifests":0,"tags":0,"kept":[],"refused":[],"earlier":0}""", Check.Status(200, await PostAsync("restore?repository=back/app")).Text);
    }

    [Theory]
    [InlineData("restore?repository=none", 404, "NAME_UNKNOWN", "there is no repository none")]
    [InlineData("restore?repository=none&digest=x", 400, "UNSUPPORTED", "there is no query parameter 'digest'; allowed: repository, deletion, before, n")]
    [InlineData("restore?repository=none&deletion=x", 400, "DIGEST_INVALID", null)]
    [InlineData("rename?repository=none&to=other", 404, "NAME_UNKNOWN", "there is no repository none")]
    [InlineData("rename?repository=none", 400, "UNSUPPORTED", "the query parameter 'to' is missing")]
    [InlineData("rename?to=none", 400, "UNSUPPORTED", "the query parameter 'repository' is missing")]
    [InlineData("rename?repository=none&to=Other", 400, "NAME_INVALID", null)]
    [InlineData("rename?repository=none&to=a&to=b", 400, "UNSUPPORTED", null)]
    [InlineData("rename?repository=none&to=a&tag=b", 400, "UNSUPPORTED", "there is no query parameter 'tag'; allowed: repository, to")]
    [InlineData("delete?repository=none", 404, "NAME_UNKNOWN", "there is no repository none")]
    [InlineData("delete?repository=none&to=a", 400, "UNSUPPORTED", "there is no query parameter 'to'; allowed: repository")]
    public async Task A_request_that_cannot_be_met_is_answered_clearly(string request, int status, string code, string? detail)
    {
        var answer = Check.Status(status, await PostAsync(request));
        Assert.Equal(code, answer.Json.GetProperty("code").GetString());
        if (detail is not null)
        {
            Assert.Equal(detail, answer.Json.GetProperty("detail").GetString());
        }
    }

    [Theory]
    [InlineData("rename?repository=guarded&to=other")]
    [InlineData("delete?repository=guarded")]
    [InlineData("restore?repository=guarded")]
    public async Task A_change_needs_JSON_and_no_condition(string request)
    {
        await _client.PushAsync("guarded", TestImage.Create(), "latest");
        Check.Problem(415, "UNSUPPORTED", "media type of the request body not supported", await _client.RequestAsync("POST", $"/api/v1/repositories/{request}", []));
        Check.Problem(
            415,
            "UNSUPPORTED",
            "media type of the request body not supported",
            await _client.RequestAsync("POST", $"/api/v1/repositories/{request}", "a=b"u8.ToArray(), ("Content-Type", "application/x-www-form-urlencoded")));
        Check.Problem(
            400, "UNSUPPORTED", "malformed request", "the body has the field 'to'; it must be an object without fields", await PostAsync(request, """{"to":"x"}"""));
        foreach (var header in new[] { ("If-Match", "*"), ("If-Match", "\"x\""), ("If-None-Match", "*") })
        {
            Check.Problem(
                412,
                "MANIFEST_INVALID",
                "precondition failed",
                "a repository has no entity tag; send the request without If-Match and If-None-Match",
                await _client.RequestAsync("POST", $"/api/v1/repositories/{request}", [], Json, header));
        }

        Check.Status(405, await _client.GetAnswerAsync($"/api/v1/repositories/{request}"));
        Check.Status(200, await _client.GetAnswerAsync("/v2/guarded/manifests/latest"));
    }

    private Task<Answer> PostAsync(string request, string body = "") =>
        _client.RequestAsync("POST", $"/api/v1/repositories/{request}", System.Text.Encoding.UTF8.GetBytes(body), Json);
}
