using Registry.Server.Tests.Maintenance;

namespace Registry.Server.Tests.Commands;

/// <summary>Verification of the folder of a stopped registry.</summary>
public sealed class VerifyCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(isInMemory: true);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Rot_is_reported_first_and_moved_on_demand_and_then_nothing_is_left_to_find()
    {
        var image = TestImage.Create();
        await using (var registry = await TestRegistry.StartAsync(storagePath: _folder.Path))
        {
            await registry.Client.PushAsync("a", image, "latest");
        }

        var bytes = image.Manifest.Bytes.Length + image.Blobs.Sum(blob => blob.Bytes.Length);
        var layer = image.Blobs[1].Digest;
        await AssertEndsAsync("verify", 0, $"Read all blobs and manifests in {_folder.Path}: 3 files, {bytes} bytes; 0 damaged, 0 missing, 0 unreadable.");
        StoredFile.FlipByte(_folder.Path, layer);
        await AssertEndsAsync("verify --dry-run", 1, $"{layer} of a is damaged", "It is left in place", "; 1 damaged, 0 missing, 0 unreadable.");
        Assert.True(File.Exists(StoredFile.PathOf(_folder.Path, layer)));
        await AssertEndsAsync("verify", 1, $"{layer} of a is damaged", "It was moved to", "; 1 damaged, 0 missing, 0 unreadable.");
        Assert.False(File.Exists(StoredFile.PathOf(_folder.Path, layer)));
        Assert.True(File.Exists(Path.Combine(_folder.Path, "quarantine", "sha256", layer.Split(':')[1])));
        await AssertEndsAsync("verify", 0, ": 2 files, ");

        await using var again = await TestRegistry.StartAsync(storagePath: _folder.Path);
        Check.Status(404, await again.Client.HeadAnswerAsync($"/v2/a/blobs/{layer}"));
        await again.Client.PushAsync("a", image, "latest");
        Check.Status(200, await again.Client.HeadAnswerAsync($"/v2/a/blobs/{layer}"));
    }

    [Fact]
    public async Task A_dry_run_does_not_index_a_folder_first()
    {
        await using (var registry = await TestRegistry.StartAsync(storagePath: _folder.Path))
        {
            await registry.Client.PushAsync("a", TestImage.Create(), "latest");
        }

        File.Delete(Path.Combine(_folder.Path, "registry.db"));
        var refusal = $"registry: REGISTRY_STORAGE_PATH {_folder.Path} is not indexed; run 'registry reindex', or start the registry";
        await AssertEndsAsync("verify --dry-run", 1, refusal);
        await AssertEndsAsync("verify --dry-run", 1, refusal);
        await AssertEndsAsync("verify", 0, ": 3 files, ");
    }

    [Fact]
    public async Task A_dry_run_leaves_small_content_in_the_metadata()
    {
        var image = TestImage.Create();
        var layer = StoredFile.PathOf(_folder.Path, image.Blobs[^1].Digest);
        var obstacle = Path.GetDirectoryName(Path.GetDirectoryName(layer))!;
        Directory.CreateDirectory(Path.GetDirectoryName(obstacle)!);
        await File.WriteAllTextAsync(obstacle, "a file where a folder must go");
        await using (var registry = await TestRegistry.StartAsync(storagePath: _folder.Path))
        {
            await registry.Client.PushAsync("a", image, "latest");
        }

        File.Delete(obstacle);
        await AssertEndsAsync("verify --dry-run", 0, ": 3 files, ");
        await AssertEndsAsync("gc --dry-run", 0, "Nothing was changed.");
        Assert.False(File.Exists(layer));
        await AssertEndsAsync("verify", 0, ": 3 files, ");
        Assert.True(File.Exists(layer));
    }

    private async Task AssertEndsAsync(string command, int exitCode, params string[] texts)
    {
        var ended = await RegistryProcess.RunAsync(command, _folder.Path);
        Assert.True(exitCode == ended.ExitCode, ended.Output);
        Assert.All(texts, text => Assert.Contains(text, ended.Output, StringComparison.Ordinal));
    }
}
