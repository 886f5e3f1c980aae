using System.Text;

namespace Registry.Server.Tests.Trash;

/// <summary><c>/api/v1/trash</c>: what was deleted, its restore and its purge.</summary>
public sealed class TrashTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private const string Impossible = "the manifest cannot be restored";

    private readonly TestImage _image = TestImage.Create();

    [Fact]
    public async Task A_deleted_image_is_listed_and_comes_back_with_its_tags()
    {
        await fixture.Client.PushAsync("trash/back", _image, "v1");
        Check.Status(201, await fixture.Client.PutManifestAsync("trash/back", "latest", _image));
        await DeleteAsync("trash/back", _image.Digest);
        Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await RestoreAsync("trash/back", TestBlob.OfText("never").Digest));

        var listed = Check.Status(200, await fixture.Client.GetAnswerAsync("/api/v1/trash?repository=trash/back"));
        Assert.Equal(("application/json", "no-store"), (listed["Content-Type"], listed["Cache-Control"]));
        var entry = Assert.Single(listed.Json.GetProperty("entries").EnumerateArray());
        Assert.Equal(("trash/back", _image.Digest), (entry.GetProperty("repository").GetString(), entry.GetProperty("digest").GetString()));
        Assert.Equal(["latest", "v1"], entry.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()));
        Assert.True(entry.GetProperty("complete").GetBoolean());
        Assert.Equal(_image.Manifest.Bytes.Length, entry.GetProperty("size").GetInt64());
        Assert.Equal(_image.Manifest.Bytes.Length + _image.Blobs.Sum(blob => blob.Bytes.Length), entry.GetProperty("heldSize").GetInt64());
        Assert.InRange(entry.GetProperty("expiresIn").GetInt64(), 6 * 86400, 7 * 86400);
        Assert.Equal("""{"source":"request","actor":null}""", entry.GetProperty("origin").GetRawText());
        var shown = Check.Status(200, await fixture.Client.GetAnswerAsync($"/api/v1/trash/show?repository=trash/back&digest={_image.Digest}"));
        Assert.Equal($"\"{entry.GetProperty("id").GetInt64()}\"", shown["ETag"]);
        Assert.Equal(entry.GetProperty("time").GetString(), shown.Json.GetProperty("time").GetString());

        var restored = Check.Status(200, await RestoreAsync("trash/back", _image.Digest, ("If-Match", shown["ETag"]!)));

        Assert.Equal($$"""{"repository":"trash/back","digest":"{{_image.Digest}}","tags":["latest","v1"],"kept":[]}""", restored.Text);
        Assert.Equal(_image.Digest, restored["Docker-Content-Digest"]);
        Assert.Equal(_image.Digest, Check.Status(200, await fixture.Client.HeadAnswerAsync("/v2/trash/back/manifests/latest"))["Docker-Content-Digest"]);
        Assert.Equal("""{"entries":[]}""", (await fixture.Client.GetAnswerAsync("/api/v1/trash?repository=trash/back")).Text);
        var again = Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await RestoreAsync("trash/back", _image.Digest));
        Assert.Equal($"trash/back has {_image.Digest}; it is not in the trash", again.Json.GetProperty("detail").GetString());
        Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await fixture.Client.GetAnswerAsync($"/api/v1/trash/show?repository=trash/back&digest={_image.Digest}"));
    }

    [Fact]
    public async Task A_tag_that_exists_is_left_alone_and_told()
    {
        await fixture.Client.PushAsync("trash/kept", _image, "latest");
        Check.Status(201, await fixture.Client.PutManifestAsync("trash/kept", "old", _image));
        await DeleteAsync("trash/kept", _image.Digest);
        var next = await fixture.Client.PushAsync("trash/kept", TestImage.Create(), "latest");

        var restored = Check.Status(200, await RestoreAsync("trash/kept", _image.Digest));

        Assert.Equal(
            $$"""{"repository":"trash/kept","digest":"{{_image.Digest}}","tags":["old"],"kept":[{"tag":"latest","digest":"{{next.Digest}}"}]}""", restored.Text);
    }

    [Fact]
    public async Task What_is_missing_is_named_and_nothing_changes()
    {
        var index = TestImage.Index([_image]);
        await fixture.Client.PushAsync("trash/missing", index, "multi");
        await DeleteAsync("trash/missing", index.Digest);
        await DeleteAsync("trash/missing", _image.Digest);
        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/trash/missing/blobs/{_image.Blobs[0].Digest}"));

        var refused = Check.Problem(409, "UNSUPPORTED", Impossible, await RestoreAsync("trash/missing", index.Digest));
        Assert.Equal($"the manifest {_image.Digest} is in the trash, too; restore it first", refused.Json.GetProperty("detail").GetString());
        refused = Check.Problem(409, "UNSUPPORTED", Impossible, await RestoreAsync("trash/missing", _image.Digest));
        Assert.Equal($"the blob {_image.Blobs[0].Digest} is gone; push it again", refused.Json.GetProperty("detail").GetString());
        Assert.Equal(
            [false, false],
            (await fixture.Client.GetAnswerAsync("/api/v1/trash?repository=trash/missing")).Json.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("complete").GetBoolean()));

        await fixture.Client.PushBlobAsync("trash/missing", _image.Blobs[0]);
        Check.Status(200, await RestoreAsync("trash/missing", _image.Digest));
        Check.Status(200, await RestoreAsync("trash/missing", index.Digest));
        Check.Status(200, await fixture.Client.GetAnswerAsync("/v2/trash/missing/manifests/multi"));
    }

    [Fact]
    public async Task Another_deletion_than_the_one_that_is_meant_is_a_failed_condition()
    {
        await fixture.Client.PushAsync("trash/match", _image, "t");
        await DeleteAsync("trash/match", _image.Digest);
        var first = (await fixture.Client.GetAnswerAsync($"/api/v1/trash/show?repository=trash/match&digest={_image.Digest}"))["ETag"]!;
        Check.Status(200, await RestoreAsync("trash/match", _image.Digest, ("If-Match", "*")));
        await DeleteAsync("trash/match", _image.Digest);

        foreach (var stale in new[] { first, $"W/{first}", "\"\"", "\"x\"", "\"*\"" })
        {
            Check.Problem(412, "MANIFEST_INVALID", "precondition failed", await RestoreAsync("trash/match", _image.Digest, ("If-Match", stale)));
            Check.Problem(412, "MANIFEST_INVALID", "precondition failed", await PurgeAsync("trash/match", _image.Digest, ("If-Match", stale)));
        }

        var second = (await fixture.Client.GetAnswerAsync($"/api/v1/trash/show?repository=trash/match&digest={_image.Digest}"))["ETag"]!;
        Check.Status(200, await PurgeAsync("trash/match", _image.Digest, ("If-Match", $"{first}, {second}")));
    }

    [Fact]
    public async Task A_purge_removes_what_only_the_image_held_and_says_what_others_have()
    {
        var shared = _image.Blobs[0];
        await fixture.Client.PushAsync("trash/purge", _image, "t");
        await fixture.Client.PushBlobAsync("trash/other", shared);
        await DeleteAsync("trash/purge", _image.Digest);

        var purged = Check.Status(200, await PurgeAsync("trash/purge", _image.Digest));

        var content = purged.Json.GetProperty("content").EnumerateArray().ToList();
        Assert.Equal(_image.Digest, content[0].GetProperty("digest").GetString());
        Assert.Equal(
            _image.Blobs.Select(blob => blob.Digest).Append(_image.Digest).Order(StringComparer.Ordinal),
            content.Select(one => one.GetProperty("digest").GetString()).Order(StringComparer.Ordinal));
        foreach (var one in content)
        {
            var isShared = one.GetProperty("digest").GetString() == shared.Digest;
            Assert.Equal(isShared, one.GetProperty("stored").GetBoolean());
            Assert.Equal(isShared ? ["trash/other"] : [], one.GetProperty("heldBy").EnumerateArray().Select(name => name.GetString()!));
            Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/trash/purge/blobs/{one.GetProperty("digest").GetString()}"));
        }

        Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await PurgeAsync("trash/purge", _image.Digest));
        Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await RestoreAsync("trash/purge", _image.Digest));
    }

    [Fact]
    public async Task Pages_follow_each_other_and_end()
    {
        var images = new List<TestImage>();
        for (var i = 0; i < 5; i++)
        {
            images.Add(await fixture.Client.PushAsync("trash/pages", TestImage.Create()));
            await DeleteAsync("trash/pages", images[^1].Digest);
        }

        Assert.Equal(images.Select(image => image.Digest).Reverse(), await ReadAsync("/api/v1/trash?repository=trash/pages&n=2", pages: 3));
        var all = await ReadAsync("/api/v1/trash/all?n=2", pages: null);
        Assert.Equal(images.Select(image => image.Digest).Reverse(), all.Where(digest => images.Any(image => image.Digest == digest)));
        Assert.Equal("""{"entries":[]}""", Check.Status(200, await fixture.Client.GetAnswerAsync("/api/v1/trash?repository=trash/nothing")).Text);

        async Task<List<string>> ReadAsync(string path, int? pages)
        {
            var digests = new List<string>();
            var read = 0;
            for (string? next = path; next is not null; read++)
            {
                var page = Check.Status(200, await fixture.Client.GetAnswerAsync(next));
                digests.AddRange(page.Json.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("digest").GetString()!));
                next = page.Json.TryGetProperty("next", out var more) ? more.GetString() : null;
                Assert.Equal(next is null ? null : $"<{next}>; rel=\"next\"", page["Link"]);
            }

            Assert.Equal(pages ?? read, read);
            return digests;
        }
    }

    [Theory]
    [InlineData("GET", "?repository=trash/x&n=0", "invalid page size", "n is '0'; it must be a whole number of 1 or more")]
    [InlineData("GET", "?repository=trash/x&before=-1", "malformed request", "before is '-1'; it must be the id of an entry, a whole number of 0 or more")]
    [InlineData("GET", "?repository=trash/x&after=1", "malformed request", "there is no query parameter 'after'; allowed: repository, before, n")]
    [InlineData("GET", "?n=1", "malformed request", "the query parameter 'repository' is missing")]
    [InlineData("GET", "/all?before=x", "malformed request", "before is 'x'; it must be the id of an entry, a whole number of 0 or more")]
    [InlineData("GET", "/show?repository=trash/x", "malformed request", "the query parameter 'digest' is missing")]
    [InlineData("POST", "/restore?repository=trash/x", "malformed request", "the query parameter 'digest' is missing")]
    [InlineData("POST", "/restore?repository=trash/x&tag=t", "malformed request", "there is no query parameter 'tag'; allowed: repository, digest")]
    [InlineData("POST", "/purge?repository=trash/x&digest=sha256:00", "invalid digest", null)]
    public async Task A_query_that_is_wrong_is_told_what_is_wrong(string method, string rest, string title, string? detail)
    {
        var answer = await fixture.Client.RequestAsync(method, $"/api/v1/trash{rest}", method == "POST" ? [] : null, [("Content-Type", "application/json")]);
        Check.Problem(400, title == "invalid digest" ? "DIGEST_INVALID" : "UNSUPPORTED", title, answer);
        Assert.True(detail is null || answer.Json.GetProperty("detail").GetString() == detail, answer.Text);
    }

    [Theory]
    [InlineData("restore")]
    [InlineData("purge")]
    public async Task A_change_needs_the_JSON_type_and_no_fields(string change)
    {
        var path = $"/api/v1/trash/{change}?repository=trash/x&digest={_image.Digest}";
        Check.Problem(415, "UNSUPPORTED", "media type of the request body not supported", await fixture.Client.RequestAsync("POST", path, []));
        Check.Problem(
            415,
            "UNSUPPORTED",
            "media type of the request body not supported",
            await fixture.Client.RequestAsync("POST", path, [], ("Content-Type", "application/x-www-form-urlencoded")));
        var fields = await fixture.Client.RequestAsync("POST", path, Encoding.UTF8.GetBytes("""{"to":"x"}"""), ("Content-Type", "application/json"));
        Check.Problem(400, "UNSUPPORTED", "malformed request", "the body has the field 'to'; it must be an object without fields", fields);
        Check.Problem(404, "MANIFEST_UNKNOWN", "manifest unknown", await fixture.Client.RequestAsync("POST", path, [], ("Content-Type", "application/json")));
    }

    private async Task DeleteAsync(string repository, string digest) =>
        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/{repository}/manifests/{digest}"));

    private Task<Answer> RestoreAsync(string repository, string digest, (string, string)? header = null) => PostAsync("restore", repository, digest, header);

    private Task<Answer> PurgeAsync(string repository, string digest, (string, string)? header = null) => PostAsync("purge", repository, digest, header);

    private Task<Answer> PostAsync(string change, string repository, string digest, (string, string)? header) => fixture.Client.RequestAsync(
        "POST",
        $"/api/v1/trash/{change}?repository={repository}&digest={digest}",
        [],
        [("Content-Type", "application/json"), .. header is { } given ? [given] : Array.Empty<(string, string)>()]);
}
