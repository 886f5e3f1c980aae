using Registry.Server.Tests.Maintenance;

namespace Registry.Server.Tests.Commands;

/// <summary>Commands on a folder in which rows of the database cannot be written to their files.</summary>
public sealed class LeftoverTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(isInMemory: true);
    private readonly TestImage _image = TestImage.Create();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("verify")]
    [InlineData("gc")]
    [InlineData("gc --untagged --delete")]
    [InlineData("copy a:latest copied:latest")]
    public async Task A_command_fails_while_small_content_cannot_be_written_to_its_file(string command)
    {
        var layer = StoredFile.PathOf(_folder.Path, _image.Blobs[^1].Digest);
        var obstacle = await FillBehindAsync(Path.GetDirectoryName(Path.GetDirectoryName(layer))!);

        var failed = await RunAsync(command);

        Assert.Equal(1, failed.ExitCode);
        Assert.Contains($"registry: REGISTRY_STORAGE_PATH {_folder.Path} has ", failed.Error, StringComparison.Ordinal);
        Assert.Contains(" only in registry.db and could not be written to blobs/: ", failed.Error, StringComparison.Ordinal);
        Assert.Contains("Keep registry.db; remove the cause, and run the command again", failed.Error, StringComparison.Ordinal);

        File.Delete(obstacle);
        await AssertSucceedsAsync(command);
        Assert.True(File.Exists(layer));
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("verify --dry-run")]
    [InlineData("gc")]
    [InlineData("gc --dry-run")]
    [InlineData("reindex --dry-run")]
    [InlineData("copy a:latest copied:latest")]
    public async Task A_command_fails_while_the_tree_cannot_be_written(string command)
    {
        var obstacle = await FillBehindAsync(Path.Combine(_folder.Path, "repositories", "a"));

        var failed = await RunAsync(command);

        Assert.Equal(1, failed.ExitCode);
        Assert.Contains(obstacle, failed.Error, StringComparison.Ordinal);

        File.Delete(obstacle);
        await AssertSucceedsAsync(command);
        Assert.True(Directory.Exists(obstacle));
    }

    [Fact]
    public async Task A_command_says_for_small_content_and_for_the_tree_why_it_cannot_be_written()
    {
        var shard = Path.GetDirectoryName(Path.GetDirectoryName(StoredFile.PathOf(_folder.Path, _image.Blobs[^1].Digest)))!;
        Directory.CreateDirectory(Path.GetDirectoryName(shard)!);
        await File.WriteAllTextAsync(shard, "a file where a folder must go");
        var repository = await FillBehindAsync(Path.Combine(_folder.Path, "repositories", "a"));

        var failed = await RunAsync("gc");

        Assert.Equal(1, failed.ExitCode);
        var reasons = failed.Error.Split("; it has changes that are only in registry.db and could not be written to repositories/: ");
        Assert.Equal(2, reasons.Length);
        Assert.Contains("could not be written to blobs/: ", reasons[0], StringComparison.Ordinal);
        Assert.Contains(shard, reasons[0], StringComparison.Ordinal);
        Assert.DoesNotContain(repository, reasons[0], StringComparison.Ordinal);
        Assert.Contains(repository, reasons[1], StringComparison.Ordinal);
        Assert.DoesNotContain(shard, reasons[1], StringComparison.Ordinal);
    }

    private async Task<string> FillBehindAsync(string obstacle)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(obstacle)!);
        await File.WriteAllTextAsync(obstacle, "a file where a folder must go");
        await using var registry = await TestRegistry.StartAsync(storagePath: _folder.Path);
        await registry.Client.PushAsync("a", _image, "latest");
        return obstacle;
    }

    private async Task AssertSucceedsAsync(string command)
    {
        var again = await RunAsync(command);
        Assert.True(again.ExitCode == 0, again.Error);
        Assert.Empty(again.Error);
    }

    private Task<CommandRun> RunAsync(string command) => CommandRun.OfAsync(
        new Dictionary<string, string> { ["REGISTRY_STORAGE_PATH"] = _folder.Path }, command.Split(' '));
}
