using Registry.Core.Access;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Web;

/// <summary>Deletion of selected tags and images on pages.</summary>
public sealed class DeletionPageTests : IAsyncLifetime
{
    private const string Path = "/repositories/team/app/-/delete";

    private readonly AccessFolder _folder = new();
    private TestRegistry _registry = null!;
    private Visitor _alice = null!;
    private TestImage _first = null!;
    private TestImage _second = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(options => _folder.Configure(options, AuthenticationKind.Basic));
        using var pusher = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        pusher.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
        _first = await pusher.PushAsync("team/app", TestImage.Create(), "v1", "latest");
        _second = await pusher.PushAsync("team/app", TestImage.Create(), "v2");
        _alice = new Visitor(_registry.Client);
        Check.Status(303, await _alice.LogInAsync("alice", AccessFolder.Password("alice")));
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Selected_images_go_to_the_trash_with_all_their_tags()
    {
        var list = Check.Status(200, await _alice.OpenAsync("/repositories/team/app")).Text;
        Assert.Contains($"""<form method="get" action="{Path}">""", list, StringComparison.Ordinal);
        Assert.Contains("""<input type="checkbox" name="tag" value="v1" aria-label="Select v1">""", list, StringComparison.Ordinal);

        Assert.Contains("""href="/repositories/team/app?prefix=v&amp;select=all" aria-label="Select all on this page">""", (await _alice.OpenAsync("/repositories/team/app?prefix=v")).Text, StringComparison.Ordinal);
        list = Check.Status(200, await _alice.OpenAsync("/repositories/team/app?prefix=v&select=all")).Text;
        Assert.Contains("""<input type="checkbox" name="tag" value="v1" aria-label="Select v1" checked>""", list, StringComparison.Ordinal);
        Assert.Contains("""href="/repositories/team/app?prefix=v" aria-label="Select none">""", list, StringComparison.Ordinal);
        Assert.Contains(" checked>", Check.Status(200, await _alice.OpenAsync("/repositories/team/app/-/manifests?select=all")).Text, StringComparison.Ordinal);
        Check.Status(400, await _alice.OpenAsync("/repositories/team/app?select=some"));

        var page = Check.Status(200, await _alice.OpenAsync($"{Path}?tag=v1&tag=v2"));
        Assert.Contains("""<span class="kind">latest</span>""", page.Text, StringComparison.Ordinal);
        Assert.Contains("/-/trash", page.Text, StringComparison.Ordinal);
        var done = Check.Status(200, await SubmitAsync(page, "images"));

        Assert.Contains("Deleted: 2 of 2 images", done.Text, StringComparison.Ordinal);
        foreach (var reference in new[] { "v1", "latest", "v2", _first.Digest })
        {
            Check.Status(404, await HeadAsync(reference));
        }

        var trash = (await _alice.OpenAsync("/repositories/team/app/-/trash")).Text;
        Assert.Contains(_first.Digest, trash, StringComparison.Ordinal);
        Assert.Contains(_second.Digest, trash, StringComparison.Ordinal);
        await HasLineAsync($"audit: delete-manifest team/app@{_first.Digest} with tags latest,v1", "done");
        await HasLineAsync($"audit: delete-manifest team/app@{_second.Digest} with tags v2", "done");
    }

    [Fact]
    public async Task Selected_tags_go_alone_unless_they_have_moved()
    {
        var page = Check.Status(200, await _alice.OpenAsync($"{Path}?tag=v1&tag=v2"));
        Check.Status(201, await _registry.Client.PutManifestAsync("team/app", "v2", _first, AccessFolder.Basic("alice")));

        var done = Check.Status(200, await SubmitAsync(page, "tags"));

        Assert.Contains("Deleted: 1 of 2 tags", done.Text, StringComparison.Ordinal);
        Assert.Contains("it has moved since the page was opened", done.Text, StringComparison.Ordinal);
        Check.Status(404, await HeadAsync("v1"));
        Check.Status(200, await HeadAsync("v2"));
        Check.Status(200, await HeadAsync(_first.Digest));
        await HasLineAsync($"audit: delete-tag team/app:v1@{_first.Digest}", "done");
        await HasLineAsync($"audit: delete-tag team/app:v2@{_second.Digest}", "MANIFEST_INVALID");
    }

    [Fact]
    public async Task A_manifest_without_a_tag_is_deleted_as_an_image()
    {
        var page = Check.Status(200, await _alice.OpenAsync($"{Path}?digest={_second.Digest}"));

        Assert.DoesNotContain("value=\"tags\"", page.Text, StringComparison.Ordinal);
        Check.Status(200, await SubmitAsync(page, "images"));
        Check.Status(404, await HeadAsync(_second.Digest));
        Check.Status(404, await _alice.OpenAsync($"{Path}?digest={_second.Digest}"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Signatures_under_tags_stay_unless_they_are_taken_along(bool isTaken)
    {
        var (signature, signatureTag) = (TestImage.Create(), $"sha256-{_first.Digest["sha256:".Length..]}.sig");
        using var pusher = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        pusher.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
        await pusher.PushAsync("team/app", signature, signatureTag);
        await pusher.PushAsync("team/app", TestImage.Create(), $"sha256-{_second.Digest["sha256:".Length..]}.att");
        await pusher.PushAsync("team/app", TestImage.Artifact("application/vnd.dev.cosign.artifact.sig.v1+json", _first));

        var page = Check.Status(200, await _alice.OpenAsync($"{Path}?tag=v1&tag=latest"));
        Assert.Contains($"""which stay unless you take them along: <a class="kind" href="/repositories/team/app/-/tags/{signatureTag}">""", page.Text, StringComparison.Ordinal);
        Assert.Contains("1 manifest with an image as subject, such as a signature, stays as long as the image can be restored", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(".att", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("name=\"attached\"", Check.Status(200, await _alice.OpenAsync($"{Path}?tag=v1&tag={signatureTag}")).Text, StringComparison.Ordinal);

        var done = Check.Status(200, await SubmitAsync(page, "images", isTaken ? [("attached", "true")] : []));

        Assert.Contains(isTaken ? "Deleted: 2 of 2 manifests." : "Deleted: 1 of 1 images.", done.Text, StringComparison.Ordinal);
        Check.Status(404, await HeadAsync("v1"));
        Check.Status(isTaken ? 404 : 200, await HeadAsync(signatureTag));
        Check.Status(200, await HeadAsync($"sha256-{_second.Digest["sha256:".Length..]}.att"));
        if (isTaken)
        {
            Assert.Contains(signature.Digest, (await _alice.OpenAsync("/repositories/team/app/-/trash")).Text, StringComparison.Ordinal);
            await HasLineAsync($"audit: delete-manifest team/app@{signature.Digest} with tags {signatureTag}", "done");
        }
    }

    [Fact]
    public async Task Signatures_stay_where_only_tags_are_deleted()
    {
        var signatureTag = $"sha256-{_second.Digest["sha256:".Length..]}.sig";
        using var pusher = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        pusher.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);

        // A manifest with an ordinary tag is an image of its own.
        await pusher.PushAsync("team/app", TestImage.Create(), signatureTag);
        await pusher.PushAsync("team/app", TestImage.Create(), $"sha256-{_first.Digest["sha256:".Length..]}.sig", "other");

        Check.Status(200, await SubmitAsync(await _alice.OpenAsync($"{Path}?tag=v2"), "tags", ("attached", "true")));
        Check.Status(200, await SubmitAsync(await _alice.OpenAsync($"{Path}?tag=v1"), "images", ("attached", "true")));

        Check.Status(200, await HeadAsync(signatureTag));
        Check.Status(200, await HeadAsync("other"));
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("?tag=", 400)]
    [InlineData("?tag=-x", 400)]
    [InlineData("?digest=sha256:00", 400)]
    [InlineData("?tag=none", 404)]
    public async Task A_selection_of_nothing_is_refused(string query, int status) => Check.Status(status, await _alice.OpenAsync($"{Path}{query}"));

    [Fact]
    public async Task A_selection_of_nothing_leads_back_to_the_tags()
    {
        var page = Check.Status(400, await _alice.OpenAsync(Path)).Text;
        Assert.Contains("Nothing was selected", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Malformed", page, StringComparison.Ordinal);
        Assert.Contains("href=\"/repositories/team/app\">Tags</a>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_at_once_are_refused()
    {
        Check.Status(400, await _alice.OpenAsync($"{Path}?{string.Join('&', Enumerable.Range(0, 51).Select(i => $"tag=t{i}"))}"));
        var token = Visitor.TokenOf(await _alice.OpenAsync($"{Path}?tag=v1"));
        var items = string.Join(' ', Enumerable.Range(0, 51).Select(i => $"t{i}@{_first.Digest}"));
        Check.Status(400, await _alice.PostAsync(Path, ("token", token), ("what", "tags"), ("items", items)));
    }

    [Fact]
    public async Task A_form_that_is_not_of_the_page_deletes_nothing()
    {
        var token = Visitor.TokenOf(await _alice.OpenAsync($"{Path}?tag=v1"));
        var items = $"v1@{_first.Digest}";
        Check.Status(403, await _alice.PostAsync(Path, ("token", "x"), ("what", "images"), ("items", items)));
        Check.Status(400, await _alice.PostAsync(Path, ("token", token), ("items", items)));
        Check.Status(400, await _alice.PostAsync(Path, ("token", token), ("what", "all"), ("items", items)));
        foreach (var wrong in new[] { "", "v1", "@", $"-x@{_first.Digest}", "v1@sha256:00", $"{items} x" })
        {
            Check.Status(400, await _alice.PostAsync(Path, ("token", token), ("what", "images"), ("items", wrong)));
        }

        _alice.Headers.Add(("Origin", "https://evil.example"));
        Check.Status(403, await _alice.PostAsync(Path, ("token", token), ("what", "images"), ("items", items)));
        Check.Status(200, await HeadAsync("v1"));
    }

    [Fact]
    public async Task Who_may_not_delete_has_no_boxes()
    {
        var visitor = new Visitor(_registry.Client);
        using var admin = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        admin.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        await admin.PushAsync("public/tool", TestImage.Create(), "v1");

        Assert.DoesNotContain("checkbox", Check.Status(200, await visitor.OpenAsync("/repositories/public/tool")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Delete…", Check.Status(200, await visitor.OpenAsync("/repositories/public/tool/-/tags/v1")).Text, StringComparison.Ordinal);
    }

    // A line is written when its request ends, which the client may see before.
    private Task HasLineAsync(string change, string outcome) => Eventually.HoldsAsync(
        () => Task.FromResult(_registry.Log.Entries.Any(entry =>
            entry.Message.StartsWith(change, StringComparison.Ordinal) && entry.Message.Contains($" by user alice from 127.0.0.1: {outcome} ", StringComparison.Ordinal))),
        $"the log has the line: {change}");

    private Task<Answer> SubmitAsync(Answer page, string what, params (string Name, string Value)[] fields) =>
        _alice.PostAsync(Path, [("token", Visitor.TokenOf(page)), ("items", Visitor.FieldOf(page, "items")), ("what", what), .. fields]);

    private Task<Answer> HeadAsync(string reference) => _registry.Client.HeadAnswerAsync($"/v2/team/app/manifests/{reference}", AccessFolder.Basic("admin"));
}
