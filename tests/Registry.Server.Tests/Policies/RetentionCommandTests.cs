using Registry.Core.Policies.Retention;
using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.Policies;

/// <summary>Commands of the retention, on a running registry and on the folder of a stopped one.</summary>
public sealed class RetentionCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new("retention", isInMemory: true);
    private readonly PolicyFolder _policy = new("""{ "rules": [{ "repository": "ci/**", "keep": { "newest": 1, "pulledWithin": "1h" } }, { "repository": "ci/**", "keep": { "tagged": ["a*"] } }] }""");

    private Dictionary<string, string> Settings => Of(Data);

    private string Data => Path.Combine(_folder.Path, "data");

    [Fact]
    public async Task A_preview_and_a_run_print_the_same_on_a_running_registry_and_on_a_stopped_one()
    {
        var images = new List<TestImage>();
        CommandRun running;
        CommandRun alone;
        await using (var registry = await StartAsync(Data))
        {
            foreach (var tag in new[] { "a1", "v1", "v2" })
            {
                images.Add(await registry.Client.PushAsync("ci/app", TestImage.Create(), tag));
            }

            await registry.Client.PushAsync("other/app", TestImage.Create(), "v1");
            running = await CommandRun.OfAsync(Settings, "policy", "preview");
            alone = await CommandRun.OfAsync(Settings, "policy", "preview", "ci/app");
            Assert.Equal("0 tags and 0 untagged manifests would be deleted, 0 kept, in 0 repositories with rules about retention. Nothing was changed.\n",
                (await CommandRun.OfAsync(Settings, "policy", "preview", "other/app")).Output);
        }

        Assert.Equal((0, ""), (running.ExitCode, running.Error));
        Assert.Contains($"ci/app:a1@{images[0].Digest} is kept: pushed ", running.Output, StringComparison.Ordinal);
        Assert.Contains($"ci/app:v2@{images[2].Digest} is kept: among the newest 1 of rule 1 (line 1: \"ci/**\")\n", running.Output, StringComparison.Ordinal);
        Assert.EndsWith("0 tags and 0 untagged manifests would be deleted, 3 kept, in 1 repository with rules about retention. Nothing was changed.\n", running.Output, StringComparison.Ordinal);
        Assert.Equal(running, alone);
        Assert.Equal(running, await CommandRun.OfAsync(Settings, "policy", "preview"));

        _policy.Write("""{ "rules": [{ "repository": "ci/**", "keep": { "newest": 1 } }] }""");
        var run = await CommandRun.OfAsync(Settings, "policy", "run");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains($"ci/app:v1@{images[1].Digest} was deleted: not kept by rule 1 (line 1: \"ci/**\"): newest 1\n", run.Output, StringComparison.Ordinal);
        await using var restarted = await StartAsync(Data);
        Check.Status(404, await restarted.Client.GetAnswerAsync("/v2/ci/app/manifests/a1"));
        Assert.Contains("a1", (await restarted.Client.GetAnswerAsync("/api/v1/trash?repository=ci/app")).Text, StringComparison.Ordinal);
        var json = await CommandRun.OfAsync(Settings, "policy", "run", "--json");
        Assert.Contains("\"isDryRun\": false", json.Output, StringComparison.Ordinal);
        Assert.Equal(2, (await CommandRun.OfAsync(Settings, "policy", "preview", "Not/A/Name")).ExitCode);
    }

    [Fact]
    public async Task A_restored_registry_does_not_know_what_was_pulled()
    {
        await using (var registry = await StartAsync(Data))
        {
            await registry.Client.PushAsync("ci/app", TestImage.Create(), "v1");
            await registry.Host.Core.Pulls.SaveAsync();
            Assert.NotNull(await registry.Host.Storage.Ports.Retention.FindMarkAsync(RetentionMark.PullsRecordedSince));
        }

        Assert.Equal(0, (await CommandRun.OfAsync(Settings, "backup", Path.Combine(_folder.Path, "backup"))).ExitCode);
        var restored = Path.Combine(_folder.Path, "restored");
        Assert.Equal(0, (await CommandRun.OfAsync(Of(restored), "restore", Path.Combine(_folder.Path, "backup"))).ExitCode);

        await using var again = await StartAsync(restored);
        Assert.Null(await again.Host.Storage.Ports.Retention.FindMarkAsync(RetentionMark.PullsRecordedSince));
    }

    [Fact]
    public async Task Without_a_rule_about_pulls_none_is_recorded()
    {
        await using var registry = await StartAsync(Data);
        await registry.Client.PushAsync("ci/app", TestImage.Create(), "v1");
        await registry.Host.Core.Pulls.SaveAsync();
        Check.Status(200, await registry.Client.HeadAnswerAsync("/v2/ci/app/manifests/v1"));
        await registry.Host.Core.Pulls.SaveAsync();
        Assert.NotNull(await FindPullAsync(registry));

        _policy.Write("""{ "rules": [{ "repository": "ci/**", "keep": { "newest": 1 } }] }""");
        registry.Host.Reload();
        var image = await registry.Client.PushAsync("ci/app", TestImage.Create(), "v1");
        Check.Status(200, await registry.Client.GetAnswerAsync($"/v2/ci/app/manifests/{image.Digest}"));
        await registry.Host.Core.Pulls.SaveAsync();

        Assert.Null(await registry.Host.Storage.Ports.Retention.FindMarkAsync(RetentionMark.PullsRecordedSince));
        Assert.Null(await FindPullAsync(registry));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _policy.Dispose();
    }

    // Of the manifest that was pushed last.
    private static async Task<DateTimeOffset?> FindPullAsync(TestRegistry registry) =>
        (await registry.Host.Storage.Ports.Retention.ReadAsync(Core.Oci.RepositoryName.Parse("ci/app"), 10))!.Manifests.MaxBy(manifest => manifest.Id).PulledAt;

    private Task<TestRegistry> StartAsync(string path) => TestRegistry.StartAsync(_policy.Configure, path);

    private Dictionary<string, string> Of(string path) => new() { ["REGISTRY_STORAGE_PATH"] = path, ["REGISTRY_POLICY_CONFIG"] = _policy.Path };
}
