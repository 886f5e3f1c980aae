using Registry.Server.Tests.Maintenance;
using Registry.Server.Tests.Policies;

namespace Registry.Server.Tests.Web.Administration;

/// <summary>Retention that an admin looks at and runs on the pages.</summary>
public sealed class RetentionPageTests
{
    private const string Maintenance = "/administration/maintenance";
    private const string Path = $"{Maintenance}/retention";

    [Fact]
    public async Task Without_rules_the_page_says_so()
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        var page = Check.Status(200, await (await maintained.OpenPagesAsync()).OpenAsync(Path)).Text;

        Assert.Contains("No rule is about retention: REGISTRY_POLICY_CONFIG", page, StringComparison.Ordinal);
        Assert.DoesNotContain("name=\"what\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_admin_sees_what_would_go_and_why_and_deletes_it()
    {
        using var folder = new PolicyFolder("""{ "rules": [{ "repository": "ci/**", "keep": { "newest": 1 } }] }""");
        await using var maintained = await MaintainedRegistry.StartAsync(folder.Configure);
        await maintained.Admin.PushAsync("ci/app", TestImage.Create(), "old");
        await maintained.Admin.PushAsync("ci/app", TestImage.Create(), "new");
        await maintained.Admin.PushAsync("ci/other", TestImage.Create(), "only");
        var visitor = await maintained.OpenPagesAsync();

        // The way there.
        Assert.Contains($"href=\"{Path}\"", Check.Status(200, await visitor.OpenAsync("/administration/users")).Text, StringComparison.Ordinal);
        Assert.Contains($"href=\"{Path}\"", Check.Status(200, await visitor.OpenAsync(Maintenance)).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"run\"", Check.Status(200, await visitor.OpenAsync(Path)).Text, StringComparison.Ordinal);

        var preview = await PreviewAsync(visitor);
        Assert.Contains("<strong>1 tag and 0 untagged manifests would be deleted, 2 kept, in 2 repositories with rules about retention. Nothing was changed.</strong>", preview.Text, StringComparison.Ordinal);
        AssertRow(preview, "Would be deleted", "ci/app", "old", "not kept by rule 1");
        AssertRow(preview, "Kept", "ci/app", "new", "newest");
        AssertRow(preview, "Kept", "ci/other", "only", "newest");
        Check.Status(200, await maintained.Admin.GetAnswerAsync("/v2/ci/app/manifests/old"));

        // The page of the job that has ended.
        Assert.Equal(Maintenance, Check.Status(303, await RunAsync(visitor, preview)).Location);
        await OutcomeAsync(visitor, $"""<bdi>1 tag and 0 untagged manifests deleted, 2 kept, in 2 repositories with rules about retention.</bdi> <a href="{Path}">All of it</a>""");
        var done = Check.Status(200, await visitor.OpenAsync(Path));
        AssertRow(done, "Deleted", "ci/app", "old", "not kept by rule 1");
        AssertRow(done, "Kept", "ci/app", "new", "newest");
        Assert.DoesNotContain("value=\"run\"", done.Text, StringComparison.Ordinal);
        Check.Status(404, await maintained.Admin.GetAnswerAsync("/v2/ci/app/manifests/old"));
        Check.Status(200, await maintained.Admin.GetAnswerAsync("/v2/ci/app/manifests/new"));

        // The preview was shown before another job.
        Assert.Contains("make a new one", Check.Status(412, await RunAsync(visitor, preview)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_half_needs_a_second_thought_and_long_lists_are_cut()
    {
        using var folder = new PolicyFolder("""{ "rules": [{ "repository": "ci/**", "keep": { "tagged": ["mian"] } }] }""");
        await using var maintained = await MaintainedRegistry.StartAsync(folder.Configure);
        var image = await maintained.Admin.PushAsync("ci/app", TestImage.Create(), "main");
        for (var i = 0; i < 120; i++)
        {
            Check.Status(201, await maintained.Admin.PutManifestAsync("ci/app", $"t{i}", image));
        }

        var visitor = await maintained.OpenPagesAsync();
        var preview = await PreviewAsync(visitor);
        Assert.Contains("121 of 121 tags of rule 1 (line 1: &quot;ci/**&quot;) would be deleted, more than half", preview.Text, StringComparison.Ordinal);
        Assert.Contains("21 more are not shown; <code>registry policy preview REPO</code> lists more.", preview.Text, StringComparison.Ordinal);
        Assert.Equal(101, preview.Text.Split("<bdi>ci/app</bdi>").Length);

        Check.Status(303, await RunAsync(visitor, preview));
        await OutcomeAsync(visitor, "Nothing was deleted.");
        Check.Status(200, await maintained.Admin.GetAnswerAsync("/v2/ci/app/manifests/main"));

        Check.Status(303, await RunAsync(visitor, await PreviewAsync(visitor), ("force", "true")));
        await OutcomeAsync(visitor, "121 tags and 0 untagged manifests deleted");
        Check.Status(404, await maintained.Admin.GetAnswerAsync("/v2/ci/app/manifests/main"));
    }

    [Fact]
    public async Task A_preview_of_one_repository_starts_no_run()
    {
        using var folder = new PolicyFolder("""{ "rules": [{ "repository": "ci/**", "keep": { "newest": 1 } }] }""");
        await using var maintained = await MaintainedRegistry.StartAsync(folder.Configure);
        foreach (var name in new[] { "ci/app", "ci/other" })
        {
            await maintained.Admin.PushAsync(name, TestImage.Create(), "old");
            await maintained.Admin.PushAsync(name, TestImage.Create(), "new");
        }

        var visitor = await maintained.OpenPagesAsync();
        var preview = await PreviewAsync(visitor, ("repository", "ci/app"));
        AssertRow(preview, "Would be deleted", "ci/app", "old", "not kept by rule 1");
        Assert.DoesNotContain("ci/other", preview.Text, StringComparison.Ordinal);
        Assert.Contains("Only of <bdi>ci/app</bdi>. A run is about all repositories", preview.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"run\"", preview.Text, StringComparison.Ordinal);

        var id = maintained.Registry.Host.Jobs.List()[0].Id;
        Check.Status(412, await visitor.PostAsync(Path, ("token", Visitor.TokenOf(preview)), ("preview", $"{id}"), ("what", "run")));
        Assert.Contains("&lt;b&gt;", Check.Status(400, await visitor.SubmitAsync(Path, Path, ("what", "preview"), ("repository", "<b>"))).Text, StringComparison.Ordinal);
        Check.Status(400, await visitor.SubmitAsync(Path, Path, ("what", "all")));
        Check.Status(200, await maintained.Admin.GetAnswerAsync("/v2/ci/app/manifests/old"));
    }

    [Fact]
    public async Task Nothing_is_deleted_in_the_read_only_mode_or_by_a_form_of_another_site()
    {
        using var folder = new PolicyFolder("""{ "rules": [{ "repository": "ci/**", "keep": { "newest": 1 } }] }""");
        await using var maintained = await MaintainedRegistry.StartAsync(folder.Configure);
        await maintained.Admin.PushAsync("ci/app", TestImage.Create(), "old");
        await maintained.Admin.PushAsync("ci/app", TestImage.Create(), "new");
        var visitor = await maintained.OpenPagesAsync();
        var preview = await PreviewAsync(visitor);

        maintained.Registry.Host.ReadOnly.TurnOn();
        Assert.DoesNotContain("value=\"run\"", Check.Status(200, await visitor.OpenAsync(Path)).Text, StringComparison.Ordinal);
        Check.Status(303, await RunAsync(visitor, preview));
        await OutcomeAsync(visitor, "the registry is read-only, so nothing was deleted");
        maintained.Registry.Host.ReadOnly.TurnOff();

        preview = await PreviewAsync(visitor);
        visitor.Headers.Add(("Sec-Fetch-Site", "cross-site"));
        Check.Status(403, await RunAsync(visitor, preview));
        Check.Status(200, await maintained.Admin.GetAnswerAsync("/v2/ci/app/manifests/old"));
    }

    // A row of the table of that title.
    private static void AssertRow(Answer page, string title, params string[] cells)
    {
        var table = page.Text[page.Text.IndexOf($"<h2>{title}</h2>", StringComparison.Ordinal)..].Split("</table>")[0];
        Assert.Contains(table.Split("<tr>"), row => cells.All(cell => row.Contains(cell, StringComparison.Ordinal)));
    }

    private static async Task<Answer> PreviewAsync(Visitor visitor, params (string Name, string Value)[] fields)
    {
        Assert.Equal(Path, Check.Status(303, await visitor.SubmitAsync(Path, Path, [("what", "preview"), .. fields])).Location);
        Answer page = null!;
        await Eventually.HoldsAsync(async () => !(page = Check.Status(200, await visitor.OpenAsync(Path))).Text.Contains("data-job", StringComparison.Ordinal), "the preview has ended");
        return page;
    }

    private static Task<Answer> RunAsync(Visitor visitor, Answer preview, params (string Name, string Value)[] fields) =>
        visitor.PostAsync(Path, [("token", Visitor.TokenOf(preview)), ("preview", Visitor.FieldOf(preview, "preview")), ("what", "run"), .. fields]);

    private static Task OutcomeAsync(Visitor visitor, string outcome) => Eventually.HoldsAsync(
        async () => Check.Status(200, await visitor.OpenAsync(Maintenance)).Text.Contains(outcome, StringComparison.Ordinal), $"the page shows: {outcome}");
}
