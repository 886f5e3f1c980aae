namespace Registry.Server.Tests.Web;

/// <summary>Tags beside the digests on pages: people know images by them.</summary>
public sealed class ManifestNamesTests : IAsyncLifetime
{
    private TestRegistry _registry = null!;
    private Visitor _visitor = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync();
        _visitor = new Visitor(_registry.Client);
    }

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task The_history_and_the_page_that_sets_a_tag_back_name_the_other_tags_of_an_image()
    {
        var old = await _registry.Client.PushAsync("team/app", TestImage.Create(), "1.0", "stable");
        await _registry.Client.PushAsync("team/app", TestImage.Create(), "1.1", "stable");

        var history = Check.Status(200, await _visitor.OpenAsync("/repositories/team/app/-/history/stable")).Text;
        Assert.InRange(history.IndexOf("also 1.1", StringComparison.Ordinal), 0, history.IndexOf("also 1.0", StringComparison.Ordinal));
        var page = Check.Status(200, await _visitor.OpenAsync($"/repositories/team/app/-/rollback/stable?to={old.Digest}")).Text;
        Assert.InRange(page.IndexOf("also 1.1", StringComparison.Ordinal), 0, page.IndexOf("also 1.0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_layer_of_a_platform_leads_to_the_tag_that_keeps_it()
    {
        var platform = TestImage.Create();
        var index = await _registry.Client.PushAsync("team/app", TestImage.Index([platform, TestImage.Create()]), "2.0", "latest");

        const string Tag = """<a class="kind" href="/repositories/team/app/-/tags/2.0">2.0</a>""";
        Assert.Contains(
            $"""<span class="quiet">part of </span>{Tag}""",
            Check.Status(200, await _visitor.OpenAsync($"/repositories/team/app/-/blobs/{platform.Blobs[0].Digest}")).Text,
            StringComparison.Ordinal);
        Assert.Contains(Tag, Check.Status(200, await _visitor.OpenAsync($"/repositories/team/app/-/manifests/{platform.Digest}")).Text, StringComparison.Ordinal);

        Check.Status(202, await _registry.Client.RequestAsync("DELETE", $"/v2/team/app/manifests/{index.Digest}"));
        Assert.Contains("part of what is in the trash", Check.Status(200, await _visitor.OpenAsync($"/repositories/team/app/-/blobs/{platform.Blobs[0].Digest}")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tag_of_a_signature_is_short_and_leads_to_its_image()
    {
        var image = await _registry.Client.PushAsync("team/app", TestImage.Create(), "1.0");
        var tag = $"{image.Digest.Replace(':', '-')}.sig";
        await _registry.Client.PushAsync("team/app", TestImage.Create(), tag);

        var list = Check.Status(200, await _visitor.OpenAsync("/repositories/team/app")).Text;

        Assert.Contains($"""<span class="nowrap" title="{tag}">{tag[..19]}….sig</span></a><div class="quiet">attached to <a """, list, StringComparison.Ordinal);
    }
}
