namespace Registry.Server.Tests.Commands;

/// <summary>A storage path without a registry: commands for an existing registry do not create one.</summary>
public sealed class NoRegistryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new("no-registry");

    private string Storage => Path.Combine(_folder.Path, "data");

    private string Backup => Path.Combine(_folder.Path, "backup");

    public static TheoryData<string> Commands => new(
        "verify", "verify --dry-run", "reindex", "reindex --dry-run", "backup BACKUP", "export app:1 BACKUP", "copy app:1 app:2", "import .", "gc", "gc --dry-run", "gc --untagged");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_folder_that_is_not_there_is_not_made(string command)
    {
        var run = await RunAsync(command);

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains($"{Storage} does not exist; check the path", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task An_empty_folder_stays_empty(string command)
    {
        Directory.CreateDirectory(Storage);
        var run = await RunAsync(command);

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains($"{Storage} is empty, so it holds no registry; check the path, and that its disk is mounted", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Storage));
        Assert.False(Path.Exists(Backup));
    }

    [Fact]
    public async Task The_folder_of_something_else_is_left_alone()
    {
        Directory.CreateDirectory(Storage);
        await File.WriteAllTextAsync(Path.Combine(Storage, "letters"), "", TestContext.Current.CancellationToken);
        var run = await RunAsync("verify");

        Assert.Equal(new CommandRun(1, "", $"registry: REGISTRY_STORAGE_PATH {Storage} does not hold a registry (it holds 'letters'); check the path\n"), run);
        Assert.Equal(["letters"], Directory.EnumerateFileSystemEntries(Storage).Select(Path.GetFileName));
    }

    private Task<CommandRun> RunAsync(string command) => CommandRun.OfAsync(
        [.. command.Split(' ').Select(word => word == "BACKUP" ? Backup : word), "--storage-path", Storage]);
}
