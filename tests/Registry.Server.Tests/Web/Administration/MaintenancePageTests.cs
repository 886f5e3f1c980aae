using Registry.Core.Oci;
using Registry.Server.Tests.Maintenance;

namespace Registry.Server.Tests.Web.Administration;

/// <summary>Maintenance that an admin asks for on the pages.</summary>
public sealed class MaintenancePageTests
{
    private const string Path = "/administration/maintenance";

    [Fact]
    public async Task A_verification_is_started_seen_and_ended()
    {
        // 1 MiB a second, so that the job does not end by itself while the test looks at it.
        await using var maintained = await MaintainedRegistry.StartAsync(options => options with { VerifyRate = 1 });
        var visitor = await maintained.OpenPagesAsync();
        for (var i = 0; i < 3; i++)
        {
            await maintained.Admin.PushBlobAsync("team/app", TestBlob.Random(3 * 1024 * 1024));
        }

        Assert.Contains("No job was started", Check.Status(200, await visitor.OpenAsync(Path)).Text, StringComparison.Ordinal);
        Assert.Equal(Path, Check.Status(303, await visitor.SubmitAsync($"{Path}/verify", $"{Path}/verify", ("dryRun", "true"))).Location);

        // A rate just below 1 MiB/s is shown in KiB/s.
        Answer page = null!;
        await Eventually.HoldsAsync(async () => (page = await visitor.OpenAsync(Path)).Text.Contains("B/s", StringComparison.Ordinal), "the page shows the rate");
        Assert.Contains("<strong>verify dryRun</strong> runs since", page.Text, StringComparison.Ordinal);
        Assert.Contains("started by <bdi>admin</bdi>", page.Text, StringComparison.Ordinal);
        Assert.Matches(@"Verifying \d of 3 blobs", page.Text);
        Assert.Matches(@"<p>\d+ %, [0-9.]+ \S*B of 9\.00 MiB, [0-9.]+ \S*B/s(, \d+s left)?</p>", page.Text);
        Assert.Contains($"""<a href="{Path}">Show the present state</a>""", page.Text, StringComparison.Ordinal);
        Assert.Contains("""<td class="">running</td>""", page.Text, StringComparison.Ordinal);

        var second = Check.Status(409, await visitor.SubmitAsync($"{Path}/verify", $"{Path}/verify"));
        Assert.Contains("one job runs at a time", second.Text, StringComparison.Ordinal);
        Assert.Contains("data-job", Check.Status(200, await visitor.OpenAsync($"{Path}/gc")).Text, StringComparison.Ordinal);

        var id = Visitor.FieldOf(page, "id");
        Assert.Equal(Path, Check.Status(303, await visitor.SubmitAsync(Path, $"{Path}/cancel", ("id", id))).Location);
        await maintained.EndOfAsync(long.Parse(id, System.Globalization.CultureInfo.InvariantCulture));
        page = Check.Status(200, await visitor.OpenAsync(Path));
        Assert.DoesNotContain("data-job", page.Text, StringComparison.Ordinal);
        Assert.Contains("""<td class="">cancelled</td><td class="name"><bdi>the verification was interrupted""", page.Text, StringComparison.Ordinal);
        Check.Status(404, await visitor.SubmitAsync($"{Path}/verify", $"{Path}/cancel", ("id", "1")));
        Check.Status(400, await visitor.SubmitAsync($"{Path}/verify", $"{Path}/cancel", ("id", "-1")));
    }

    [Fact]
    public async Task A_collection_shows_first_what_would_go()
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        var visitor = await maintained.OpenPagesAsync();
        await maintained.Admin.PushAsync("team/app", TestImage.Create(), "latest");
        var unknown = TestBlob.OfText("unknown");
        var isOfFiles = TestRegistry.Stores is null;
        if (isOfFiles)
        {
            await maintained.Registry.Host.Storage.Blobs.PutAsync(Digest.Parse(unknown.Digest), unknown.Bytes);
        }

        var page = Check.Status(200, await visitor.OpenAsync($"{Path}/gc"));
        Assert.DoesNotContain("value=\"run\"", page.Text, StringComparison.Ordinal);
        Assert.Contains("make a new one", Check.Status(412, await visitor.SubmitAsync($"{Path}/gc", $"{Path}/gc", ("what", "run"))).Text, StringComparison.Ordinal);
        Check.Status(400, await visitor.SubmitAsync($"{Path}/gc", $"{Path}/gc", ("what", "all")));

        var preview = await PreviewAsync(visitor);
        Assert.Contains("Nothing was changed.", preview.Text, StringComparison.Ordinal);
        Assert.Equal(isOfFiles, preview.Text.Contains(unknown.Digest, StringComparison.Ordinal));
        Assert.Equal(Path, Check.Status(303, await CollectAsync(visitor, preview)).Location);
        await Eventually.HoldsAsync(
            async () => (page = await visitor.OpenAsync(Path)).Text.Contains($"<bdi>Removed 0 manifests, 0 links and {(isOfFiles ? "1 blob" : "0 blobs")}.</bdi>", StringComparison.Ordinal), "the page shows the outcome");

        // The preview was shown before another job.
        Check.Status(412, await CollectAsync(visitor, preview));
    }

    [Fact]
    public async Task More_than_half_needs_a_second_thought()
    {
        TestRegistry.SkipOnNodes("adds files");
        await using var maintained = await MaintainedRegistry.StartAsync();
        var visitor = await maintained.OpenPagesAsync();
        for (var i = 0; i < 501; i++)
        {
            var blob = TestBlob.OfText($"unknown {i}");
            await maintained.Registry.Host.Storage.Blobs.PutAsync(Digest.Parse(blob.Digest), blob.Bytes);
        }

        var preview = await PreviewAsync(visitor);
        Assert.Contains("the metadata does not know 501 of 501 blobs, more than half", preview.Text, StringComparison.Ordinal);
        Assert.Contains("401 more are not shown", preview.Text, StringComparison.Ordinal);
        Check.Status(303, await CollectAsync(visitor, preview));
        await OutcomeAsync(visitor, "more than half. Nothing was removed.");

        Check.Status(303, await CollectAsync(visitor, await PreviewAsync(visitor), ("force", "true")));
        await OutcomeAsync(visitor, "Removed 0 manifests, 0 links and 501 blobs.");
    }

    [Fact]
    public async Task The_read_only_mode_is_turned_on_and_off()
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        var visitor = await maintained.OpenPagesAsync();
        foreach (var (mode, isOn) in new[] { ("on", true), ("on", true), ("off", false) })
        {
            Check.Status(303, await visitor.SubmitAsync($"{Path}/read-only", $"{Path}/read-only", ("mode", mode)));
            Assert.Equal(isOn, maintained.Registry.Host.ReadOnly.IsOn);
            Assert.Contains($"Turn it {(isOn ? "off" : "on")}", Check.Status(200, await visitor.OpenAsync(Path)).Text, StringComparison.Ordinal);
            Assert.Equal(isOn, Check.Status(200, await visitor.OpenAsync("/administration")).Text.Contains("<dd class=\"bad\">the registry is read-only</dd>", StringComparison.Ordinal));
            var preview = await PreviewAsync(visitor);
            Assert.Equal(!isOn, preview.Text.Contains("value=\"run\"", StringComparison.Ordinal));
        }

        Check.Status(400, await visitor.SubmitAsync($"{Path}/read-only", $"{Path}/read-only", ("mode", "yes")));
        await Eventually.TrueAsync(() => maintained.Registry.Log.Entries.Any(entry => entry.Message.Contains("admin turns the read-only mode off", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Host", "evil.example")]
    public async Task A_form_of_another_site_starts_nothing(string header, string value)
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        var visitor = await maintained.OpenPagesAsync();
        var page = Check.Status(200, await visitor.OpenAsync($"{Path}/verify"));
        visitor.Headers.Add((header, value));
        foreach (var form in new[] { "verify", "gc", "read-only", "cancel" })
        {
            Check.Status(403, await visitor.PostAsync($"{Path}/{form}", ("token", Visitor.TokenOf(page)), ("mode", "on"), ("what", "preview"), ("id", "1")));
        }

        Assert.Empty(maintained.Registry.Host.Jobs.List());
        Assert.False(maintained.Registry.Host.ReadOnly.IsOn);
    }

    private static async Task<Answer> PreviewAsync(Visitor visitor)
    {
        Assert.Equal($"{Path}/gc", Check.Status(303, await visitor.SubmitAsync($"{Path}/read-only", $"{Path}/gc", ("what", "preview"))).Location);
        Answer page = null!;
        await Eventually.HoldsAsync(async () => !(page = Check.Status(200, await visitor.OpenAsync($"{Path}/gc"))).Text.Contains("data-job", StringComparison.Ordinal), "the preview has ended");
        return page;
    }

    private static Task<Answer> CollectAsync(Visitor visitor, Answer preview, params (string Name, string Value)[] fields) =>
        visitor.PostAsync($"{Path}/gc", [("token", Visitor.TokenOf(preview)), ("preview", Visitor.FieldOf(preview, "preview")), ("what", "run"), .. fields]);

    private static Task OutcomeAsync(Visitor visitor, string outcome) => Eventually.HoldsAsync(
        async () => Check.Status(200, await visitor.OpenAsync(Path)).Text.Contains(outcome, StringComparison.Ordinal), $"the page shows: {outcome}");
}
