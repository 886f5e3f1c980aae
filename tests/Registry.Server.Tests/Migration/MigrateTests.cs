using Registry.Server.Tests.Buckets;
using Registry.Storage;
using Registry.Storage.Testing;

namespace Registry.Server.Tests.Migration;

/// <summary><c>registry migrate</c> between a data folder and PostgreSQL with S3.</summary>
[Collection(BucketCollection.Name)]
public sealed class MigrateTests(Gateway gateway, SharedDatabase databases) : IAsyncLifetime
{
    private readonly SampleContent _content = new();
    private MigrationFixture _ends = null!;

    private string ToNodes => $"--to {_ends.NodesFile}";

    public async ValueTask InitializeAsync() => _ends = await MigrationFixture.CreateAsync(gateway, databases);

    public ValueTask DisposeAsync()
    {
        _ends.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_registry_that_is_used_meanwhile_moves_to_many_nodes_and_back_and_its_tokens_stay_valid()
    {
        byte[] key;
        await using (var source = await _ends.ServeFolderAsync())
        {
            await _content.PushAsync(source.Client);
            key = await ExportKeyAsync(source);
            await _ends.RunsAsync(0, ToNodes, "Run the command again to copy what has changed since");
            await _content.ChangeAsync(source.Client);
            await _ends.RunsAsync(1, $"{ToNodes} --final", $"REGISTRY_STORAGE_PATH {_ends.Data} is in use by another process. The last pass needs the registry stopped");
            await _ends.RunsAsync(0, ToNodes);
            await _content.PushAsync(source.Client, "team/app", TestImage.Create(), "last");
        }

        await _ends.RunsAsync(0, $"{ToNodes} --final --compare-content", "Copied 2 blobs", "1 manifest;", "tags set: 1", "Differences: 0", "The registry has moved");
        await RefusesAsync(_ends.ServeFolderAsync, "was moved to the database ", $"remove the file {Path.Combine(_ends.Data, "migration")}");
        await _ends.RunsAsync(1, ToNodes, "was moved to the database ", "already");
        await _ends.RunsAsync(1, $"{ToNodes} --final", "was moved to the database ", "already");
        await using (var node = await _ends.ServeNodeAsync())
        {
            await _content.AssertServedAsync(node.Client);
            Assert.Equal(key, await ExportKeyAsync(node));
            await _content.PushAsync(node.Client, "team/app", TestImage.Create(), "of-nodes");
            await _ends.RunsAsync(0, $"--from {_ends.NodesFile}");
            await _content.PushAsync(node.Client, "team/more", TestImage.Create(), "of-nodes");
            await _ends.RunsAsync(1, $"--from {_ends.NodesFile} --final", "is in use by other processes");
        }

        await _ends.RunsAsync(0, $"--from {_ends.NodesFile} --final", "Differences: 0", "The registry has moved", "run DELETE FROM migration in the database ");
        await RefusesAsync(_ends.ServeNodeAsync, $"was moved to {_ends.Data}", "run DELETE FROM migration in the database ");
        await using var back = await _ends.ServeFolderAsync();
        await _content.AssertServedAsync(back.Client);
        Assert.Equal(key, await ExportKeyAsync(back));
    }

    [Fact]
    public async Task A_registry_moves_to_another_data_folder_with_a_bucket()
    {
        await using (var source = await _ends.ServeFolderAsync())
        {
            await _content.PushAsync(source.Client);
        }

        await _ends.RunsAsync(0, $"--from {_ends.FolderFile} --to {_ends.BucketFile} --final --json", "\"isMoved\": true", "\"different\": 0");
        await using var moved = await TestRegistry.StartAsync(options => options with { Bucket = _ends.Bucket }, _ends.File("bucket-data"));
        await _content.AssertServedAsync(moved.Client);
    }

    [Fact]
    public async Task Pushes_during_a_pass_follow_in_the_next_one()
    {
        await using (var source = await _ends.ServeFolderAsync())
        {
            await _content.PushAsync(source.Client);
            var pass = Task.Run(() => _ends.RunsAsync(0, ToNodes));
            Assert.NotEqual(0, await _content.PushUntilAsync(source.Client, pass));
            await pass;
        }

        await _ends.RunsAsync(0, $"{ToNodes} --final", "Differences: 0");
        await using var node = await _ends.ServeNodeAsync();
        await _content.AssertServedAsync(node.Client);
    }

    [Fact]
    public async Task A_dry_run_counts_and_writes_nothing()
    {
        await using var source = await _ends.ServeFolderAsync();
        await _content.PushAsync(source.Client);
        await _ends.RunsAsync(0, $"{ToNodes} --dry-run", "Would copy 17 blobs", "and 8 manifests", "blobs linked: 3, tags set: 5, removed: 0");
        Assert.Equal("0", await _ends.QueryAsync("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"));
        await _ends.RunsAsync(0, $"--to {_ends.BucketFile} --dry-run", "Would copy 17 blobs");
        Assert.False(Directory.Exists(_ends.File("bucket-data")));

        await _ends.RunsAsync(0, ToNodes, "Copied 17 blobs", "and 8 manifests", "blobs linked: 3, tags set: 5, removed: 0");
        await _content.ChangeAsync(source.Client);
        var before = await _ends.QueryAsync("SELECT count(*), max(sequence) FROM changes");
        await _ends.RunsAsync(0, $"{ToNodes} --dry-run", "Would copy 6 blobs", "and 2 manifests", "tags set: 2, removed: 6");
        Assert.Equal(before, await _ends.QueryAsync("SELECT count(*), max(sequence) FROM changes"));
        await _ends.RunsAsync(0, ToNodes, "Copied 6 blobs", "and 2 manifests");
        await _ends.RunsAsync(0, ToNodes, "Copied 0 blobs (0 B) and 0 manifests; blobs linked: 0, tags set: 0, removed: 0.");
    }

    [Fact]
    public async Task Marks_refuse_a_start_until_they_are_removed()
    {
        await using (var source = await _ends.ServeFolderAsync())
        {
            await _content.PushAsync(source.Client);
            await _ends.RunsAsync(0, ToNodes);
        }

        await RefusesAsync(_ends.ServeNodeAsync, $"the move of a registry from {_ends.Data} to the database ", "is not finished; finish it with 'registry migrate --final'");
        await _ends.QueryAsync("DELETE FROM migration");
        await using (var node = await _ends.ServeNodeAsync())
        {
            await _content.AssertServedAsync(node.Client);
        }

        // Without its mark, a target may have content of its own.
        await _ends.RunsAsync(1, ToNodes, "has repositories that no move has brought");
        await _ends.RunsAsync(1, $"{ToNodes} --final", "has repositories that no move has brought");
        await _ends.RunsAsync(1, $"{ToNodes} --dry-run", "has repositories that no move has brought");
        await using var unmarked = await _ends.ServeFolderAsync();
        await _content.AssertServedAsync(unmarked.Client);
    }

    [Fact]
    public async Task A_source_starts_again_without_its_mark()
    {
        await using (var source = await _ends.ServeFolderAsync())
        {
            await _content.PushAsync(source.Client);
        }

        await _ends.RunsAsync(0, $"{ToNodes} --final", "The registry has moved");
        Assert.StartsWith("moved to the database ", await File.ReadAllTextAsync(Path.Combine(_ends.Data, "migration"), MigrationFixture.Cancellation), StringComparison.Ordinal);
        File.Delete(Path.Combine(_ends.Data, "migration"));
        await using var again = await _ends.ServeFolderAsync();
        await _content.AssertServedAsync(again.Client);
    }

    [Fact]
    public async Task A_last_pass_that_was_interrupted_between_its_marks_ends_the_move()
    {
        await using (var source = await _ends.ServeFolderAsync())
        {
            await _content.PushAsync(source.Client);
        }

        await _ends.RunsAsync(0, $"{ToNodes} --final", "The registry has moved");
        await _ends.QueryAsync($"INSERT INTO migration (id, is_moved, other) VALUES (1, false, '{_ends.Data}')");
        await RefusesAsync(_ends.ServeFolderAsync, "was moved to ");
        await RefusesAsync(_ends.ServeNodeAsync, "is not finished");
        await _ends.RunsAsync(1, ToNodes, "was moved to the database ", "already");
        await _ends.RunsAsync(0, $"{ToNodes} --final", "Copied 0 blobs", "The registry has moved");
        await using var node = await _ends.ServeNodeAsync();
        await _content.AssertServedAsync(node.Client);
    }

    [Fact]
    public async Task Nothing_is_collected_at_the_new_place_until_the_promises_of_the_old_one_are_over()
    {
        const int Grace = 24 * 60 * 60;
        const int Margin = 60 * 60;
        var blob = TestBlob.Random(50_000);
        var path = $"/v2/team/app/blobs/{blob.Digest}";
        await using (var source = await _ends.ServeFolderAsync())
        {
            await _content.PushAsync(source.Client);
            await source.Client.PushBlobAsync("team/app", blob);
            await _ends.RunsAsync(0, ToNodes);

            // The passes of a large registry take days. Then a client asks, and does not push the blob.
            await PassAtNodesAsync(2 * Grace);
            Check.Status(200, await source.Client.HeadAnswerAsync(path));
        }

        await _ends.RunsAsync(0, $"{ToNodes} --final", "The registry has moved");
        Assert.True(await IsKeptAsync());
        await PassAtNodesAsync(Grace - Margin);
        Assert.True(await IsKeptAsync());
        await PassAtNodesAsync(2 * Margin);
        Assert.False(await IsKeptAsync());

        // A node that starts reads the clock.
        async Task<bool> IsKeptAsync()
        {
            await using var node = await _ends.ServeNodeAsync();
            await node.Host.Collector.RunAsync(MigrationFixture.Cancellation);
            return await _ends.QueryAsync($"SELECT count(*) FROM blob_links l JOIN content c ON c.id = l.content_id WHERE c.digest = '{blob.Digest}'") == "1";
        }

        Task PassAtNodesAsync(int seconds) => _ends.QueryAsync($"UPDATE clock SET seconds = seconds + {seconds}");
    }

    [Fact]
    public async Task Nodes_that_run_at_the_target_are_refused()
    {
        await using var source = await _ends.ServeFolderAsync();
        await using (await _ends.ServeNodeAsync())
        {
            await _ends.RunsAsync(1, ToNodes, "is in use by other processes; stop all nodes there");
        }

        Assert.Equal("0", await _ends.QueryAsync("SELECT count(*) FROM migration"));
    }

    private static async Task RefusesAsync(Func<Task<TestRegistry>> start, params string[] expected)
    {
        var refusal = await Assert.ThrowsAsync<StorageChoiceException>(start);
        Assert.All(expected, part => Assert.Contains(part, refusal.Message, StringComparison.Ordinal));
    }

    private static async Task<byte[]> ExportKeyAsync(TestRegistry registry)
    {
        using var key = await registry.Host.Storage.OpenTokenKeyAsync();
        return key.ExportPkcs8PrivateKey();
    }
}
