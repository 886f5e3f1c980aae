using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Commands.Backup;
using Registry.Server.Configuration;

namespace Registry.Server.Tests.Commands;

/// <summary>Backups during pushes, made and restored by separate processes.</summary>
public sealed class BackupCommandTests : IDisposable
{
    private const int Pushers = 8;
    private const int ImagesBefore = 5;

    private readonly TemporaryFolder _folder = new("backup", isInMemory: true);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Storage => Path.Combine(_folder.Path, "data");

    private string Target => Path.Combine(_folder.Path, "backup");

    private string Restored => Path.Combine(_folder.Path, "restored");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Everything_that_was_acknowledged_before_a_backup_began_is_restored_although_pushes_and_collections_went_on()
    {
        // Every second the collector removes what was deleted.
        await using var registry = await RegistryProcess.StartAsync(
            Storage, new Dictionary<string, string?> { ["REGISTRY_GC_GRACE"] = "10" }, cancellationToken: Cancellation);
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var acknowledged = new ConcurrentBag<(string Repository, TestImage Image)>();
        var pushing = Enumerable.Range(0, Pushers).Select(i => PushAsync(client, $"team/app{i}", acknowledged, stop.Token)).ToArray();
        await Eventually.HoldsAsync(() => Task.FromResult(acknowledged.Count >= Pushers * ImagesBefore), "enough was pushed");

        var before = acknowledged.ToArray();
        var first = await RegistryProcess.RunAsync($"backup {Target}", Storage, cancellationToken: Cancellation);
        Assert.True(first.ExitCode == 0, first.Output);
        await stop.CancelAsync();
        await Task.WhenAll(pushing);
        await AssertRestoredAsync(before);

        // What has come since is copied, and nothing else.
        var all = acknowledged.ToArray();
        var second = await ReportAsync();
        Assert.True(second.GetProperty("kept").GetInt64() >= before.Length * 3, second.ToString());
        Assert.Equal(second.GetProperty("blobs").GetInt64(), second.GetProperty("kept").GetInt64() + second.GetProperty("copied").GetInt64());
        Assert.Equal(0, (await ReportAsync()).GetProperty("copied").GetInt64());
        await AssertRestoredAsync(all);
    }

    [Fact]
    public async Task A_backup_that_is_killed_again_and_again_holds_up_nothing_and_is_whole_in_the_end()
    {
        await using var registry = await RegistryProcess.StartAsync(
            Storage, new Dictionary<string, string?> { ["REGISTRY_GC_GRACE"] = "10" }, cancellationToken: Cancellation);
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        var images = new List<(string Repository, TestImage Image)>();
        for (var i = 0; i < 30; i++)
        {
            images.Add(("app", await client.PushAsync("app", TestImage.Create(layers: 3), $"v{i}")));
        }

        for (var round = 1; round <= 4; round++)
        {
            await using var backup = RegistryProcess.Launch(Storage, "backup", Target);
            await Eventually.HoldsAsync(() => Task.FromResult(backup.HasExited || CountBlobs() >= round * 30), "something was copied");
            backup.Kill();
            await backup.WaitForExitAsync(Patience.Limit, Cancellation);
        }

        // The lock of a killed backup is gone: what is deleted now is removed.
        var blob = await client.PushBlobAsync("app", TestBlob.Random(100_000));
        Check.Status(202, await client.RequestAsync("DELETE", $"/v2/app/blobs/{blob.Digest}"));
        await Eventually.HoldsAsync(() => Task.FromResult(!File.Exists(PathOf(blob.Digest))), "the collector goes on");

        Assert.Equal(0, (await RegistryProcess.RunAsync($"backup {Target}", Storage, cancellationToken: Cancellation)).ExitCode);
        await AssertRestoredAsync(images);
    }

    [Fact]
    public async Task A_damaged_blob_is_named_and_the_exit_code_says_so()
    {
        TestImage image;
        await using (var registry = await TestRegistry.StartAsync(storagePath: Storage))
        {
            image = await registry.Client.PushAsync("app", TestImage.Create(), "latest");
        }

        var rotted = image.Blobs[1];
        await File.WriteAllBytesAsync(PathOf(rotted.Digest), TestBlob.Random(rotted.Bytes.Length).Bytes, Cancellation);
        var (exitCode, output) = await RegistryProcess.RunAsync($"backup {Target}", Storage, cancellationToken: Cancellation);
        Assert.Equal(1, exitCode);
        Assert.Contains("Backed up 2 blobs as generation ", output, StringComparison.Ordinal);
        Assert.Contains($"registry: {rotted.Digest} is damaged: its bytes have the digest sha256:", output, StringComparison.Ordinal);

        (exitCode, output) = await RegistryProcess.RunAsync($"restore {Target}", Restored, cancellationToken: Cancellation);
        Assert.Equal(1, exitCode);
        Assert.Contains($"registry: {rotted.Digest} is missing", output, StringComparison.Ordinal);
        await using var restored = await TestRegistry.StartAsync(storagePath: Restored);
        Check.Status(200, await restored.Client.GetAnswerAsync("/v2/app/manifests/latest"));
        Check.Status(404, await restored.Client.GetAnswerAsync($"/v2/app/blobs/{rotted.Digest}"));
        await restored.Client.PushBlobAsync("app", rotted);
        Assert.Equal(rotted.Bytes, (await restored.Client.GetAnswerAsync($"/v2/app/blobs/{rotted.Digest}")).Body);
    }

    [Fact]
    public async Task Generations_are_listed_restored_and_exported_by_their_names()
    {
        TestImage first, second;
        await using (var registry = await TestRegistry.StartAsync(storagePath: Storage))
        {
            first = await registry.Client.PushAsync("app", TestImage.Create(), "latest");
            await ReportAsync();
            second = await registry.Client.PushAsync("app", TestImage.Create(), "latest");
            await ReportAsync();
        }

        var list = await CommandRun.OfAsync("restore", Target, "--list", "--json");
        var names = JsonDocument.Parse(list.Output).RootElement.EnumerateArray().Select(generation => generation.GetProperty("name").GetString()!).ToList();
        Assert.Equal(2, names.Count);
        Assert.StartsWith($"{names[0]}  3 blobs, ", (await CommandRun.OfAsync("backup", Target, "--list")).Output, StringComparison.Ordinal);

        var restored = await CommandRun.OfAsync("restore", Target, "--generation", names[0], "--storage-path", Restored);
        Assert.Equal(new CommandRun(0, $"Restored 3 blobs of generation {names[0]} to {Restored}.\n", ""), restored);
        await using (var registry = await TestRegistry.StartAsync(storagePath: Restored))
        {
            Assert.Equal(first.Manifest.Bytes, (await registry.Client.GetAnswerAsync("/v2/app/manifests/latest")).Body);
        }

        foreach (var (source, image) in new[] { ($"{Target}@{names[0]}", first), (Target, second) })
        {
            var layout = Path.Combine(_folder.Path, $"layout-{image.Digest[7..]}");
            var export = await CommandRun.OfAsync("export", "app:latest", layout, "--from-backup", source, "--storage-path", "/nonexistent");
            Assert.Equal((0, ""), (export.ExitCode, export.Error));
            Assert.Contains(image.Digest, await File.ReadAllTextAsync(Path.Combine(layout, "index.json"), Cancellation), StringComparison.Ordinal);
        }

        var unknown = await CommandRun.OfAsync("export", "app:latest", "x.tar", "--from-backup", $"{Target}@yesterday");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains($"{Target} has no generation 'yesterday'; the last one is {names[1]}", unknown.Error, StringComparison.Ordinal);
        var refused = await CommandRun.OfAsync("backup", Target, "--keep", "0");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--keep is 0; it must be at least 1", refused.Error, StringComparison.Ordinal);
    }

    private static async Task PushAsync(
        HttpClient client, string repository, ConcurrentBag<(string Repository, TestImage Image)> acknowledged, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            acknowledged.Add((repository, await client.PushAsync(repository, TestImage.Create(layers: 2, layerSize: 20_000), $"v{i}")));
            if (i % 3 == 2)
            {
                // Something for the collector.
                var blob = await client.PushBlobAsync(repository, TestBlob.Random());
                Check.Status(202, await client.RequestAsync("DELETE", $"/v2/{repository}/blobs/{blob.Digest}"));
            }
        }
    }

    private async Task AssertRestoredAsync(IReadOnlyCollection<(string Repository, TestImage Image)> images)
    {
        if (Directory.Exists(Restored))
        {
            Directory.Delete(Restored, recursive: true);
        }

        var (exitCode, output) = await RegistryProcess.RunAsync($"restore {Target}", Restored, cancellationToken: Cancellation);
        Assert.True(exitCode == 0, output);
        (exitCode, output) = await RegistryProcess.RunAsync("verify", Restored, cancellationToken: Cancellation);
        Assert.True(exitCode == 0, output);
        Assert.Contains("; 0 damaged, 0 missing, 0 unreadable.", output, StringComparison.Ordinal);
        await using var registry = await TestRegistry.StartAsync(storagePath: Restored);
        foreach (var (repository, image) in images)
        {
            Assert.Equal(image.Manifest.Bytes, (await registry.Client.GetAnswerAsync($"/v2/{repository}/manifests/{image.Digest}")).Body);
            foreach (var blob in image.Blobs)
            {
                Assert.Equal(blob.Bytes, (await registry.Client.GetAnswerAsync($"/v2/{repository}/blobs/{blob.Digest}")).Body);
            }
        }

        await foreach (var place in registry.Host.Storage.Blobs.ListAsync())
        {
            await using var source = await registry.Host.Storage.Blobs.OpenAsync(place);
            Assert.Equal(place.Digest, place.Digest!.Value.Algorithm.Compute((await source!.ReadAsync()).Span));
        }
    }

    private async Task<JsonElement> ReportAsync()
    {
        using var output = new StringWriter();
        var options = new RegistryOptions { StoragePath = Storage };
        Assert.Equal(0, await BackupCommand.RunAsync(
            CommandRun.Context(output), options, new BackupRequest(Target, IsJson: true), TimeProvider.System, NullLoggerFactory.Instance, Cancellation));
        return JsonDocument.Parse(output.ToString()).RootElement;
    }

    private int CountBlobs() => Directory.Exists(Path.Combine(Target, "blobs"))
        ? Directory.EnumerateFiles(Path.Combine(Target, "blobs"), "data", SearchOption.AllDirectories).Count()
        : 0;

    private string PathOf(string digest) => Path.Combine(Storage, "blobs", "sha256", digest[7..9], digest[7..], "data");
}
