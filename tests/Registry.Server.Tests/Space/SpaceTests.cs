using System.Text.Json;

namespace Registry.Server.Tests.Space;

/// <summary><c>GET /api/v1/space</c> and <c>/space/repository</c>: what uses the space.</summary>
public sealed class SpaceTests
{
    private readonly TestImage _first = TestImage.Create(layerSize: 100_000);

    [Fact]
    public async Task Repositories_and_tags_have_what_they_refer_to_and_what_only_they_do()
    {
        await using var registry = await SpaceRegistry.StartAsync();
        var second = TestImage.On(_first, layerSize: 50_000);
        await registry.Client.PushAsync("team/app", _first, "v1");
        await registry.Client.PushAsync("team/app", second, "v2", "latest");
        await registry.Client.PushAsync("copy/app", _first, "v1");
        var idle = TestBlob.Random(12_345);
        await registry.Client.PushBlobAsync("team/app", idle);

        var answer = await registry.AwaitSpaceAsync();

        Assert.Equal(("application/json", "no-store", null), (answer["Content-Type"], answer["Cache-Control"], answer["Link"]));
        var (first, own) = (Size(_first), Size(second) - 100_000);
        var sums = answer.Json.GetProperty("registry");
        Assert.Equal(
            (2, (2 * first) + own, first + own + 12_345, own, first, 0, 12_345, 0),
            (sums.Number("repositories"), sums.Number("referred"), sums.Number("stored"), sums.Number("unique"), sums.Number("shared"), sums.Number("trash"), sums.Number("unreferenced"), sums.Number("uploads")));
        Assert.Equal(sums.Number("stored"), Assert.Single(answer.Json.GetProperty("days").EnumerateArray()).Number("stored"));
        Assert.Equal(
            [$$"""{"repository":"copy/app","referred":{{first}},"unique":0,"shared":{{first}},"trash":0}""", $$"""{"repository":"team/app","referred":{{first + own}},"unique":{{own}},"shared":{{first}},"trash":0}"""],
            answer.Json.GetProperty("repositories").EnumerateArray().Select(one => one.GetRawText()));

        var tags = Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/space/repository?repository=team/app"));
        Assert.Equal(answer.Json.GetProperty("repositories")[1].GetRawText(), tags.Json.GetProperty("repository").GetRawText());
        Assert.Equal(("registry", 0), (tags.Json.GetProperty("within").GetString(), tags.Json.Number("more")));
        Assert.Equal(
            [("latest", second.Digest, Size(second), own), ("v2", second.Digest, Size(second), own), ("v1", _first.Digest, first, 0)],
            tags.Json.GetProperty("tags").EnumerateArray().Select(Tag));

        var cut = Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/space/repository?repository=team/app&n=1"));
        Assert.Equal(("latest", 2), (cut.Json.GetProperty("tags").EnumerateArray().Single().GetProperty("tag").GetString(), cut.Json.Number("more")));
    }

    [Fact]
    public async Task Received_bytes_of_uploads_in_progress_count_apart()
    {
        await using var registry = await SpaceRegistry.StartAsync();
        var begun = Check.Status(202, await registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/"));
        Check.Status(202, await registry.Client.RequestAsync("PATCH", begun["Location"]!, new byte[3000]));
        var sums = (await registry.AwaitSpaceAsync()).Json.GetProperty("registry");
        Assert.Equal((3000, 0), (sums.Number("uploads"), sums.Number("stored")));
    }

    [Fact]
    public async Task Pages_follow_each_other_and_only_the_first_has_the_days()
    {
        await using var registry = await SpaceRegistry.StartAsync();
        foreach (var name in new[] { "a", "b/c", "b/d", "e", "f" })
        {
            await registry.Client.PushAsync(name, _first, "v1");
        }

        await registry.AwaitSpaceAsync();
        var names = new List<string>();
        for (string? path = "/api/v1/space?n=2"; path is not null;)
        {
            var answer = Check.Status(200, await registry.Client.GetAnswerAsync(path));
            Assert.Equal(names.Count == 0, answer.Json.TryGetProperty("days", out _));
            names.AddRange(answer.Json.GetProperty("repositories").EnumerateArray().Select(one => one.GetProperty("repository").GetString()!));
            path = answer.Json.TryGetProperty("next", out var next) ? next.GetString() : null;
            Assert.Equal(path is null ? null : $"<{path}>; rel=\"next\"", answer["Link"]);
        }

        Assert.Equal(["a", "b/c", "b/d", "e", "f"], names);
    }

    [Fact]
    public async Task Before_the_first_round_the_answer_says_to_ask_again_and_begins_one()
    {
        // A read-only registry begins none.
        await using var registry = await TestRegistry.StartAsync(options => options with { Readonly = true });
        var answer = Check.Status(202, await registry.Client.GetAnswerAsync("/api/v1/space"));
        Assert.Equal(("1", JsonValueKind.Null, 0), (answer["Retry-After"], answer.Json.GetProperty("computedAt").ValueKind, answer.Json.GetProperty("repositories").GetArrayLength()));
        Assert.False(answer.Json.TryGetProperty("registry", out _));

        // With the period of an hour, only the request is a reason for the first one.
        await using var asked = await TestRegistry.StartAsync();
        await asked.Client.PushAsync("team/app", _first, "v1");
        Check.Status(202, await asked.Client.GetAnswerAsync("/api/v1/space/repository?repository=team/app"));
        await Eventually.HoldsAsync(async () => (await asked.Client.GetAnswerAsync("/api/v1/space")).Status == 200, "the round has ended");
        Assert.Equal(Size(_first), (await asked.Client.GetAnswerAsync("/api/v1/space")).Json.GetProperty("registry").Number("unique"));
    }

    [Theory]
    [InlineData("space?n=0", 400, "UNSUPPORTED", "invalid page size", "n is '0'; it must be a whole number of 1 or more")]
    [InlineData("space?last=a&last=b", 400, "UNSUPPORTED", "malformed request", "the query parameter 'last' is given 2 times; give it once")]
    [InlineData("space?repository=a", 400, "UNSUPPORTED", "malformed request", "there is no query parameter 'repository'; allowed: last, n")]
    [InlineData("space/repository", 400, "UNSUPPORTED", "malformed request", "the query parameter 'repository' is missing")]
    [InlineData("space/repository?repository=a&last=b", 400, "UNSUPPORTED", "malformed request", "there is no query parameter 'last'; allowed: repository, n")]
    [InlineData("space/repository?repository=A", 400, "NAME_INVALID", "invalid repository name", null)]
    [InlineData("space/repository?repository=space/none", 404, "NAME_UNKNOWN", "repository name not known to registry", null)]
    [InlineData("space/nothing", 404, "UNSUPPORTED", "no such endpoint", null)]
    public async Task Each_mistake_has_its_error(string request, int status, string code, string title, string? detail)
    {
        await using var registry = await TestRegistry.StartAsync();
        var answer = Check.Problem(status, code, title, await registry.Client.GetAnswerAsync($"/api/v1/{request}"));
        if (detail is not null)
        {
            Assert.Equal(detail, answer.Json.GetProperty("detail").GetString());
        }
    }

    [Fact]
    public async Task The_name_after_which_a_page_begins_is_any_text()
    {
        await using var registry = await SpaceRegistry.StartAsync();
        await registry.Client.PushAsync("team/app", _first, "v1");
        await registry.AwaitSpaceAsync();
        foreach (var (last, count) in new[] { ("%00", 1), ("%E2%82", 1), ("team", 1), ("team/app", 0), ("%22%0A", 1) })
        {
            Assert.Equal((last, count), (last, Check.Status(200, await registry.Client.GetAnswerAsync($"/api/v1/space?last={last}")).Json.GetProperty("repositories").GetArrayLength()));
        }
    }

    internal static long Size(TestImage image) => image.Manifest.Bytes.Length + image.Blobs.Sum(blob => blob.Bytes.Length);

    private static (string?, string?, long, long) Tag(JsonElement tag) =>
        (tag.GetProperty("tag").GetString(), tag.GetProperty("digest").GetString(), tag.Number("referred"), tag.Number("unique"));
}
