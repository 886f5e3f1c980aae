using Registry.Server.Tests.Maintenance;
using Registry.Server.Tests.Web;

namespace Registry.Server.Tests.Mirroring;

/// <summary>What pages show and offer of a mirrored repository.</summary>
public sealed class MirroredPageTests
{
    private const string Repository = "/repositories/up/team/app";

    [Fact]
    public async Task Nothing_is_offered_that_only_the_mirror_does_and_what_is_not_here_is_explained()
    {
        await using var upstream = await MirroredUpstream.StartAsync();
        await using var maintained = await MaintainedRegistry.StartAsync(upstream.Configure);
        var index = await upstream.Client.PushAsync("team/app", TestImage.Index([TestImage.Create(), TestImage.Create()]), "v1");
        await maintained.Admin.GetAnswerAsync("/v2/up/team/app/manifests/v1");
        var pages = await maintained.OpenPagesAsync();

        foreach (var path in new[] { Repository, $"{Repository}/-/manifests" })
        {
            Assert.DoesNotContain("checkbox", Check.Status(200, await pages.OpenAsync(path)).Text, StringComparison.Ordinal);
        }

        var image = Check.Status(200, await pages.OpenAsync($"{Repository}/-/tags/v1")).Text;
        Assert.DoesNotContain("Delete…", image, StringComparison.Ordinal);
        Assert.Contains("Mirrored from up.example. The mirror has no limit for it", image, StringComparison.Ordinal);
        Assert.Contains("The mirror fetches it when a client pulls it.", Check.Status(404, await pages.OpenAsync($"{Repository}/-/manifests/{index.Children[0].Digest}")).Text, StringComparison.Ordinal);
        Assert.Contains("""href="/?q=up%2F">up/</a>""", Check.Status(200, await pages.OpenAsync("/administration/mirror")).Text, StringComparison.Ordinal);

        // A form that was made by hand.
        var deletion = await pages.OpenAsync($"{Repository}/-/delete?tag=v1");
        var refused = Check.Status(405, await pages.PostAsync(
            $"{Repository}/-/delete", ("token", Visitor.TokenOf(deletion)), ("items", Visitor.FieldOf(deletion, "items")), ("what", "tags"))).Text;
        Assert.Contains("registry mirror forget up/team/app", refused, StringComparison.Ordinal);
        Assert.Contains($"""href="{Repository}">Tags</a>""", refused, StringComparison.Ordinal);
    }
}
