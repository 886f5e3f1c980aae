using Registry.Core.Access;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Web;

/// <summary>Restore of several deleted manifests at once.</summary>
public sealed class RestorationPageTests : IAsyncLifetime
{
    private const string Trash = "/repositories/team/app/-/trash";
    private const string Path = "/repositories/team/app/-/restore";

    private readonly AccessFolder _folder = new();
    private TestRegistry _registry = null!;
    private HttpClient _pusher = null!;
    private Visitor _alice = null!;
    private TestImage _index = null!;
    private TestImage _single = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(options => _folder.Configure(options, AuthenticationKind.Basic));
        _pusher = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        _pusher.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        _index = await _pusher.PushAsync("team/app", TestImage.Index([TestImage.Create(), TestImage.Create()]), "v2");
        _single = await _pusher.PushAsync("team/app", TestImage.Create(), "v1", "latest");
        await DeleteAsync([_index, .. _index.Children, _single]);
        _alice = await Visitor.EnterAsync(_registry.Client, "alice");
    }

    public async ValueTask DisposeAsync()
    {
        _pusher.Dispose();
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task All_on_a_page_are_restored_with_their_tags()
    {
        Assert.DoesNotContain(" checked>", Check.Status(200, await _alice.OpenAsync(Trash)).Text, StringComparison.Ordinal);
        var list = Check.Status(200, await _alice.OpenAsync($"{Trash}?select=all")).Text;
        Assert.Contains($"""<form method="get" action="{Path}">""", list, StringComparison.Ordinal);
        Assert.Contains("Restore what is selected…", list, StringComparison.Ordinal);
        Assert.Equal(5, list.Split("""<input type="checkbox" name="digest" """).Length);
        Assert.Equal(5, list.Split(" checked>").Length);

        // The index first: what it needs comes before it.
        var page = await AskAsync(_index, _index.Children[0], _index.Children[1], _single);
        Assert.Contains("Restore 4 manifests of <bdi>team/app</bdi>?", page.Text, StringComparison.Ordinal);
        var done = Check.Status(200, await SubmitAsync(page));

        Assert.Contains("Restored: 4 of 4 manifests.", done.Text, StringComparison.Ordinal);
        foreach (var reference in new[] { "v1", "latest", "v2", _index.Children[0].Digest, _index.Children[1].Digest })
        {
            Check.Status(200, await _pusher.HeadAnswerAsync($"/v2/team/app/manifests/{reference}"));
        }

        Assert.Contains("The trash of this repository is empty.", Check.Status(200, await _alice.OpenAsync(Trash)).Text, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => _registry.Log.Entries.Any(entry =>
            entry.Message.StartsWith($"audit: restore-manifest team/app@{_single.Digest} with tags latest,v1", StringComparison.Ordinal) && entry.Message.Contains(" by user alice ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_index_brings_its_platforms_along()
    {
        var done = Check.Status(200, await SubmitAsync(await AskAsync(_index)));

        Assert.Contains("Restored: 3 of 3 manifests.", done.Text, StringComparison.Ordinal);
        Check.Status(200, await _pusher.HeadAnswerAsync("/v2/team/app/manifests/v2"));
        Check.Status(404, await _pusher.HeadAnswerAsync("/v2/team/app/manifests/v1"));
    }

    [Fact]
    public async Task What_is_not_as_the_page_has_shown_it_stays_and_is_named()
    {
        var page = await AskAsync(_index.Children[0], _single);
        await _pusher.PushAsync("team/app", _single, "other");
        await DeleteAsync(_single);

        var done = Check.Status(200, await SubmitAsync(page));

        Assert.Contains("""<div class="fault" role="status"><p>Restored: 1 of 2 manifests.</p></div>""", done.Text, StringComparison.Ordinal);
        Assert.Contains("not restored: it was deleted again since the page was opened", done.Text, StringComparison.Ordinal);
        Check.Status(404, await _pusher.HeadAnswerAsync("/v2/team/app/manifests/other"));
        Check.Status(404, await _alice.OpenAsync($"{Path}?digest={_index.Children[0].Digest}"));
    }

    [Fact]
    public async Task What_is_no_selection_is_refused()
    {
        Assert.Contains("Nothing was selected", Check.Status(400, await _alice.OpenAsync(Path)).Text, StringComparison.Ordinal);
        Check.Status(400, await _alice.OpenAsync($"{Path}?digest=sha256:00"));
        Check.Status(400, await _alice.OpenAsync($"{Trash}?select=some"));
        var many = Enumerable.Range(0, 51).Select(i => $"sha256:{i:x64}").ToList();
        Check.Status(400, await _alice.OpenAsync($"{Path}?{string.Join('&', many.Select(digest => $"digest={digest}"))}"));
        Check.Status(404, await _alice.OpenAsync($"{Path}?digest={many[0]}"));

        var page = await AskAsync(_single);
        var (token, items) = (Visitor.TokenOf(page), Visitor.FieldOf(page, "items"));
        foreach (var wrong in new[] { "", "x", $"x@{_single.Digest}", $"-1@{_single.Digest}", "1@sha256:00", $"{items} x", string.Join(' ', many.Select(digest => $"1@{digest}")) })
        {
            Check.Status(400, await _alice.PostAsync(Path, ("token", token), ("items", wrong)));
        }

        Check.Status(403, await _alice.PostAsync(Path, ("token", "x"), ("items", items)));
        _alice.Headers.Add(("Origin", "https://evil.example"));
        Check.Status(403, await _alice.PostAsync(Path, ("token", token), ("items", items)));
        Check.Status(404, await _pusher.HeadAnswerAsync("/v2/team/app/manifests/v1"));
    }

    [Fact]
    public async Task Who_may_not_push_has_no_boxes_and_the_trash_of_all_has_none()
    {
        var image = await _pusher.PushAsync("public/tool", TestImage.Create(), "v1");
        Check.Status(202, await _pusher.RequestAsync("DELETE", $"/v2/public/tool/manifests/{image.Digest}"));

        Assert.DoesNotContain("checkbox", Check.Status(200, await new Visitor(_registry.Client).OpenAsync("/repositories/public/tool/-/trash")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("checkbox", Check.Status(200, await _alice.OpenAsync("/trash")).Text, StringComparison.Ordinal);
    }

    private async Task DeleteAsync(params IEnumerable<TestImage> images)
    {
        foreach (var image in images)
        {
            Check.Status(202, await _pusher.RequestAsync("DELETE", $"/v2/team/app/manifests/{image.Digest}"));
        }
    }

    private async Task<Answer> AskAsync(params IEnumerable<TestImage> images) =>
        Check.Status(200, await _alice.OpenAsync($"{Path}?{string.Join('&', images.Select(image => $"digest={image.Digest}"))}"));

    private Task<Answer> SubmitAsync(Answer page) => _alice.PostAsync(Path, ("token", Visitor.TokenOf(page)), ("items", Visitor.FieldOf(page, "items")));
}
