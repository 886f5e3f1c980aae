using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Commands.Maintain;
using Registry.Server.Configuration;
using Registry.Server.Tests.Maintenance;

namespace Registry.Server.Tests.Commands;

/// <summary>Rebuilding the metadata in the folder of a stopped registry.</summary>
public sealed class ReindexCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(isInMemory: true);
    private readonly TestImage _image = TestImage.Create();

    private string Database => Path.Combine(_folder.Path, "registry.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_database_that_is_cut_off_is_refused_then_kept_and_replaced()
    {
        await FillAsync();
        using (var file = File.OpenWrite(Database))
        {
            file.SetLength(file.Length / 2);
        }

        var refused = await RegistryProcess.RunAsync("serve", _folder.Path);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"registry: REGISTRY_STORAGE_PATH {_folder.Path} holds a registry.db that cannot be opened: ", refused.Output, StringComparison.Ordinal);
        Assert.Contains("Run 'registry reindex' to rebuild it from the repositories tree.", refused.Output, StringComparison.Ordinal);

        var rebuilt = await RegistryProcess.RunAsync("reindex", _folder.Path);
        Assert.True(rebuilt.ExitCode == 0, rebuilt.Output);
        Assert.Contains($"The old metadata is kept as {Database}.damaged.", rebuilt.Output, StringComparison.Ordinal);
        Assert.True(File.Exists($"{Database}.damaged"));
        await AssertServedAsync();

        await AssertReindexedAsync();
        Assert.True(File.Exists($"{Database}.damaged"));
    }

    [Fact]
    public async Task A_database_that_is_whole_is_replaced_and_removed()
    {
        await FillAsync();
        await AssertReindexedAsync();
        Assert.Equal(["registry.db"], Directory.EnumerateFiles(_folder.Path, "registry.db*").Select(Path.GetFileName));
        await AssertServedAsync();
    }

    [Fact]
    public async Task Small_content_that_cannot_be_written_to_its_file_is_not_thrown_away()
    {
        var layer = _image.Blobs[^1];
        var obstacle = Path.GetDirectoryName(Path.GetDirectoryName(StoredFile.PathOf(_folder.Path, layer.Digest)))!;
        Directory.CreateDirectory(Path.GetDirectoryName(obstacle)!);
        await File.WriteAllTextAsync(obstacle, "a file where a folder must go");
        await FillAsync();

        foreach (var command in new[] { "reindex", "reindex --dry-run" })
        {
            var refused = await RegistryProcess.RunAsync(command, _folder.Path);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains(
                "only in registry.db and could not be written to blobs/: ",
                refused.Output,
                StringComparison.Ordinal);
            Assert.True(File.Exists(Database));
        }

        File.Delete(obstacle);
        await AssertReindexedAsync();
        await AssertServedAsync();
    }

    [Fact]
    public async Task A_dry_run_of_a_whole_folder_finds_nothing()
    {
        await FillAsync();
        Assert.Equal("The tree and the metadata agree in 1 repository. A reindex would change nothing.\n", await PreviewAsync());
    }

    [Fact]
    public async Task A_dry_run_says_what_would_be_lost_added_and_changed_and_changes_nothing()
    {
        await FillAsync();
        var other = TestImage.Create();
        await using (var registry = await TestRegistry.StartAsync(storagePath: _folder.Path))
        {
            await registry.Client.PushAsync("a", other, "moved");
            await registry.Client.PushAsync("gone", _image, "latest");
            await registry.Client.PushAsync("copied", _image, "latest");
        }

        var repositories = Path.Combine(_folder.Path, "repositories");
        var tags = Path.Combine(repositories, "a", "_manifests", "tags");
        Directory.Delete(Path.Combine(repositories, "gone"), recursive: true);
        Directory.Move(Path.Combine(repositories, "copied"), Path.Combine(repositories, "new"));
        Directory.Move(Path.Combine(tags, "latest"), Path.Combine(tags, "renamed"));
        await File.WriteAllTextAsync(Path.Combine(tags, "moved", "current", "link"), _image.Digest);
        File.Delete(StoredFile.PathOf(_folder.Path, other.Blobs[^1].Digest));

        var preview = await PreviewAsync();

        string[] expected =
        [
            $"tag a:latest would be removed; it points to {_image.Digest}",
            $"tag a:renamed would be added and point to {_image.Digest}",
            $"tag a:moved would point to {_image.Digest} instead of {other.Digest}",
            $"blob {other.Blobs[^1].Digest} of a would be removed",
            $"repository gone would be removed, with 1 tag, 1 manifest and {_image.Blobs.Count} blobs",
            $"repository copied would be removed, with 1 tag, 1 manifest and {_image.Blobs.Count} blobs",
            $"repository new would be added, with 1 tag, 1 manifest and {_image.Blobs.Count} blobs",
        ];
        Assert.All(expected, line => Assert.Contains($"{line}\n", preview, StringComparison.Ordinal));
        Assert.EndsWith(
            $"""
            In 4 repositories, a reindex would remove 2 repositories, 3 tags, 2 manifests and {(2 * _image.Blobs.Count) + 1} blobs;
            add 1 repository, 2 tags, 1 manifest and {_image.Blobs.Count} blobs; and move 1 tag. Nothing was changed.

            """,
            preview,
            StringComparison.Ordinal);
        Assert.Equal(expected.Length + 2, preview.Count(character => character == '\n'));
        Assert.Equal(preview, await PreviewAsync());

        await AssertReindexedAsync();
        Assert.StartsWith("The tree and the metadata agree", await PreviewAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_names_what_would_be_new_when_there_is_no_database()
    {
        await FillAsync();
        File.Delete(Database);
        var ended = await RegistryProcess.RunAsync("reindex --dry-run", _folder.Path);
        Assert.True(ended.ExitCode == 0, ended.Output);
        Assert.Contains("repository a would be added", ended.Output, StringComparison.Ordinal);
        await AssertServedAsync();
    }

    [Fact]
    public async Task Both_forms_print_their_report_as_JSON()
    {
        await FillAsync();
        File.Delete(Database);

        var preview = await RunAsJsonAsync("reindex --dry-run --json");
        Assert.Equal((1, 0, 0), (Number(preview, "compared"), Number(preview, "unreadable"), Number(preview, "notListed")));
        Assert.Equal((1, _image.Blobs.Count), (Number(preview.GetProperty("added"), "tags"), Number(preview.GetProperty("added"), "blobs")));
        Assert.StartsWith("repository a would be added", Assert.Single(preview.GetProperty("differences").EnumerateArray()).GetString(), StringComparison.Ordinal);

        var rebuilt = await RunAsJsonAsync("reindex --json");
        Assert.Equal((1, 1, 1), (Number(rebuilt, "repositories"), Number(rebuilt, "tags"), Number(rebuilt, "manifests")));
        Assert.Equal(_folder.Path, rebuilt.GetProperty("storagePath").GetString());
        await AssertServedAsync();

        static int Number(JsonElement report, string name) => report.GetProperty(name).GetInt32();
    }

    private async Task<JsonElement> RunAsJsonAsync(string command)
    {
        await using var process = RegistryProcess.Launch(_folder.Path, command.Split(' '));
        Assert.Equal(0, await process.WaitForExitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        using var json = JsonDocument.Parse(process.StandardOutput);
        return json.RootElement.Clone();
    }

    private async Task<string> PreviewAsync()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var options = new RegistryOptions { StoragePath = _folder.Path };
        Assert.Equal(0, await ReindexCommand.PreviewAsync(
            CommandRun.Context(output), options, NullLoggerFactory.Instance, isJson: false, TestContext.Current.CancellationToken));
        return output.ToString();
    }

    private async Task AssertReindexedAsync()
    {
        var ended = await RegistryProcess.RunAsync("reindex", _folder.Path);
        Assert.True(ended.ExitCode == 0, ended.Output);
        Assert.DoesNotContain("is kept as", ended.Output, StringComparison.Ordinal);
        Assert.False(File.Exists($"{Database}.old"));
    }

    private async Task FillAsync()
    {
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        await registry.Client.PushAsync("a", _image, "latest");
    }

    private async Task AssertServedAsync()
    {
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        Assert.Equal(_image.Manifest.Bytes, (await registry.Client.GetAnswerAsync("/v2/a/manifests/latest")).Body);
    }
}
