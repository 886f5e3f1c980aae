using System.Text.Json;
using Registry.Server.Maintenance;
using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.Maintenance;

/// <summary><c>registry reindex --dry-run</c> while a registry runs on the folder.</summary>
public sealed class ComparisonJobTests : IDisposable
{
    private readonly TemporaryFolder _folder = new("cmp", isInMemory: true);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Pushes_deletions_and_renames_that_go_on_are_no_differences()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { Trash = TimeSpan.Zero }, _folder.Path);
        using var ended = new CancellationTokenSource();
        var pushing = Enumerable.Range(0, 4).Select(i => Task.Run(
            async () =>
            {
                var pushed = 0;
                while (!ended.IsCancellationRequested)
                {
                    var image = await registry.Client.PushAsync($"team/app{i}", TestImage.Create(), "latest", $"v{pushed % 3}");
                    if (++pushed % 2 == 0)
                    {
                        Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/team/app{i}/manifests/{image.Digest}"));
                    }
                }

                return pushed;
            },
            TestContext.Current.CancellationToken)).ToArray();
        for (var round = 0; round < 8; round++)
        {
            var run = await CommandAsync("reindex", "--dry-run");
            Assert.Equal((0, ""), (run.ExitCode, run.Error));
            Assert.Matches("^The tree and the metadata agree in \\d repositor(y|ies)\\. A reindex would change nothing\\.\n$", run.Output);
        }

        await ended.CancelAsync();
        Assert.All(await Task.WhenAll(pushing), pushed => Assert.True(pushed > 0));
        Assert.Equal(8, registry.Host.Jobs.List().Count(job => job.Work is ComparisonWork));
    }

    [Fact]
    public async Task What_another_program_has_changed_is_listed_as_of_a_stopped_registry_and_nothing_is_changed()
    {
        var image = TestImage.Create();
        CommandRun running, json;
        await using (var registry = await TestRegistry.StartAsync(storagePath: _folder.Path))
        {
            await registry.Client.PushAsync("a", image, "latest");
            await registry.Client.PushAsync("gone", image, "latest");
            await registry.Client.PushAsync("kept", image, "latest");
            Assert.StartsWith("The tree and the metadata agree in 3 repositories.", (await CommandAsync("reindex", "--dry-run")).Output, StringComparison.Ordinal);
            var repositories = Path.Combine(_folder.Path, "repositories");
            var tags = Path.Combine(repositories, "a", "_manifests", "tags");
            Directory.Delete(Path.Combine(repositories, "gone"), recursive: true);
            Directory.Move(Path.Combine(tags, "latest"), Path.Combine(tags, "renamed"));
            running = await CommandAsync("reindex", "--dry-run");
            json = await CommandAsync("reindex", "--dry-run", "--json");
            Check.Status(200, await registry.Client.GetAnswerAsync("/v2/gone/manifests/latest"));
            Check.Status(200, await registry.Client.GetAnswerAsync("/v2/a/manifests/latest"));
            Check.Status(404, await registry.Client.GetAnswerAsync("/v2/a/manifests/renamed"));
            Assert.Equal(
                "In 3 repositories, a reindex would remove 1 repository, 2 tags, 1 manifest and 2 blobs; add 0 repositories, 1 tag, 0 manifests and 0 blobs; and move 0 tags. Nothing was changed.",
                registry.Host.Jobs.List()[0].Status.Outcome!.Text);
        }

        Assert.Equal((0, ""), (running.ExitCode, running.Error));
        Assert.Contains("repository gone would be removed, with 1 tag, 1 manifest and 2 blobs\n", running.Output, StringComparison.Ordinal);
        Assert.Contains($"tag a:renamed would be added and point to {image.Digest}\n", running.Output, StringComparison.Ordinal);
        Assert.Equal(3, JsonElement.Parse(json.Output).GetProperty("differences").GetArrayLength());
        Assert.Equal((running, json), (await CommandAsync("reindex", "--dry-run"), await CommandAsync("reindex", "--dry-run", "--json")));
    }

    [Fact]
    public async Task Files_that_cannot_follow_are_named_in_place_of_differences_that_are_none()
    {
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        await registry.Client.PushAsync("b", TestImage.Create(), "latest");
        await Eventually.TrueAsync(() => Directory.Exists(Path.Combine(_folder.Path, "repositories", "b")));
        var obstacle = Path.Combine(_folder.Path, "repositories", "a");
        await File.WriteAllTextAsync(obstacle, "a file where a folder must go", TestContext.Current.CancellationToken);
        await registry.Client.PushAsync("a", TestImage.Create(), "latest");
        var run = await CommandAsync("reindex", "--dry-run");
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("registry: the files cannot follow the metadata now, so a comparison would tell nothing: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(obstacle, run.Error, StringComparison.Ordinal);
        File.Delete(obstacle);
        await Eventually.TrueAsync(() => registry.Host.Storage.Files!.TreeFailure is null);
        Assert.StartsWith("The tree and the metadata agree in 2 repositories.", (await CommandAsync("reindex", "--dry-run")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reindex_itself_says_that_the_registry_must_stop()
    {
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        Assert.Equal(
            new CommandRun(
                1,
                "",
                $"registry: REGISTRY_STORAGE_PATH {_folder.Path} is in use by another process. A reindex replaces the database, so stop the registry first; 'registry reindex --dry-run' tells while it runs what would change\n"),
            await CommandAsync("reindex"));
        Assert.Equal(
            (2, "registry: --server needs --dry-run: a reindex replaces the database, which a running registry uses. See 'registry reindex --help'.\n"),
            (await CommandAsync("reindex", "--server", registry.Host.Addresses[0])) is var run ? (run.ExitCode, run.Error) : default);
    }

    [Fact]
    public async Task A_collection_that_is_asked_for_during_a_backup_leaves_its_bytes_to_a_later_one()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { Trash = TimeSpan.Zero }, _folder.Path);
        var blob = await registry.Client.PushBlobAsync("a", TestBlob.Random(100_000));
        using (await Storage.Files.RemovalLock.HoldAsync(registry.Host.Storage.Folder!.Paths, TimeProvider.System, TestContext.Current.CancellationToken))
        {
            Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/a/blobs/{blob.Digest}"));
            Assert.Equal(new CommandRun(0, "Removed 0 manifests, 0 links and 0 blobs.\n", ""), await CommandAsync("gc", "--force"));
            Assert.True(File.Exists(StoredFile.PathOf(_folder.Path, blob.Digest)));
        }

        Assert.Equal(new CommandRun(0, "Removed 0 manifests, 0 links and 1 blob.\n", ""), await CommandAsync("gc", "--force"));
        Assert.False(File.Exists(StoredFile.PathOf(_folder.Path, blob.Digest)));
    }

    private Task<CommandRun> CommandAsync(params string[] arguments) =>
        CommandRun.OfAsync(new Dictionary<string, string> { ["REGISTRY_STORAGE_PATH"] = _folder.Path }, arguments);
}
