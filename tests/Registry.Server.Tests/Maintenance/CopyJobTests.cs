using System.Text.Json;
using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.Maintenance;

/// <summary>Copies of images as jobs of a running registry, by its API. Also on nodes.</summary>
public sealed class CopyJobTests
{
    [Fact]
    public async Task An_image_is_linked_with_what_refers_to_it()
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        var index = await maintained.Admin.PushAsync("team/app", TestImage.Index([TestImage.Create(), TestImage.Create()]), "1.0");
        var signature = await maintained.Admin.PushAsync("team/app", TestImage.Artifact("application/vnd.test.signature", index));
        var copied = await maintained.RunJobAsync("copy?source=team/app:1.0&target=production/app");
        Assert.Equal(("copy", "succeeded", "admin"), (Text(copied, "kind"), Text(copied, "state"), Text(copied, "startedBy")));
        Assert.Equal("Copied to production/app:1.0: 4 manifests, 1 of them referrers, 6 blobs, 0 bytes.", Text(copied, "outcome"));
        Assert.Equal((1, 4, 6), (Number(copied, "images"), Number(copied, "manifests"), Number(copied, "blobs")));
        foreach (var image in new[] { index, index.Children[0], index.Children[1], signature })
        {
            Check.Status(200, await maintained.Admin.GetAnswerAsync($"/v2/production/app/manifests/{image.Digest}"));
            foreach (var blob in image.Blobs)
            {
                Assert.Equal(blob.Bytes, Check.Status(200, await maintained.Admin.GetAnswerAsync($"/v2/production/app/blobs/{blob.Digest}")).Body);
            }
        }

        var change = (await maintained.ReadChangesAsync())[^1];
        Assert.Equal(("production/app", "admin"), (change.Repository.Value, change.Origin.Actor));

        // The copy is held by itself: the source may go, and a collection that takes all it may take leaves it.
        Check.Status(202, await maintained.Admin.RequestAsync("DELETE", $"/v2/team/app/manifests/{index.Digest}"));
        Assert.Equal("succeeded", Text(await maintained.RunJobAsync("gc?force=true"), "state"));
        Check.Status(200, await maintained.Admin.GetAnswerAsync($"/v2/production/app/blobs/{index.Children[0].Blobs[^1].Digest}"));

        var alone = await maintained.RunJobAsync($"copy?source=production/app@{index.Digest}&target=alone/app:2&noReferrers=true");
        Assert.Equal("Copied to alone/app:2: 3 manifests, 4 blobs, 0 bytes.", Text(alone, "outcome"));
        Check.Status(404, await maintained.Admin.GetAnswerAsync($"/v2/alone/app/manifests/{signature.Digest}"));
    }

    [Fact]
    public async Task What_is_not_there_and_a_read_only_registry_are_named()
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        await maintained.Admin.PushAsync("team/app", TestImage.Create(), "1.0");
        await AssertFailedAsync("copy?source=team/app:2.0&target=production/app", "there is no team/app:2.0 in the registry");
        await AssertFailedAsync("copy?source=team/app&target=production/app", "team/app names no image; add a tag or a digest");
        maintained.Registry.Host.ReadOnly.TurnOn();
        await AssertFailedAsync(
            "copy?source=team/app:1.0&target=production/app", "the registry is read-only, so nothing was copied; end that mode with 'registry read-only off', and run the command again");
        Check.Status(404, await maintained.Admin.GetAnswerAsync("/v2/production/app/manifests/1.0"));

        async Task AssertFailedAsync(string job, string outcome)
        {
            var ended = await maintained.RunJobAsync(job);
            Assert.Equal(("failed", outcome), (Text(ended, "state"), Text(ended, "outcome")));
        }
    }

    [Theory]
    [InlineData("copy", "the query parameter 'source' is missing")]
    [InlineData("copy?source=team/app:1", "the query parameter 'target' is missing")]
    [InlineData("copy?source=Team&target=b", "source is 'Team'; it must be an image such as team/app:1.0, team/app@sha256:… or team/app")]
    [InlineData("reindex", "the query parameter 'dryRun' is missing")]
    [InlineData("reindex?dryRun=false", "dryRun must be true: a reindex replaces the database, which a running registry uses; stop it, and run 'registry reindex'")]
    public async Task Wrong_parameters_are_named(string job, string detail)
    {
        await using var maintained = await MaintainedRegistry.StartAsync();
        Check.Problem(400, "UNSUPPORTED", "malformed request", detail, await maintained.StartJobAsync(job));
        Assert.Empty(maintained.Registry.Host.Jobs.List());
    }

    [Fact]
    public async Task The_command_asks_the_registry_of_the_folder_and_prints_what_it_prints_on_a_stopped_one()
    {
        using var folder = new TemporaryFolder("copy");
        var environment = new Dictionary<string, string> { ["REGISTRY_STORAGE_PATH"] = folder.Path };
        CommandRun running;
        await using (var registry = await TestRegistry.StartAsync(storagePath: folder.Path))
        {
            await registry.Client.PushAsync("team/app", TestImage.Create(), "1.0");
            running = await CommandRun.OfAsync(environment, "copy", "team/app:1.0", "production/app");
            Assert.Single(registry.Host.Jobs.List());
            Assert.Equal(
                new CommandRun(1, "", "registry: there is no team/app:2.0 in the registry\n"), await CommandRun.OfAsync(environment, "copy", "team/app:2.0", "production/app"));
            Check.Status(200, await registry.Client.GetAnswerAsync("/v2/production/app/manifests/1.0"));
        }

        Assert.Equal(new CommandRun(0, "Copied to production/app:1.0\n1 manifest, 2 blobs, 0 bytes.\n", ""), running);
        Assert.Equal(running, await CommandRun.OfAsync(environment, "copy", "team/app:1.0", "production/app"));
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static long Number(JsonElement job, string name) => job.GetProperty("numbers").GetProperty(name).GetInt64();
}
