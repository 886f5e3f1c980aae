namespace Registry.Server.Tests.Commands;

/// <summary>The command that rebuilds the metadata, on the folder of a registry that is stopped.</summary>
public sealed class ReindexCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
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
        Assert.Contains("The command reindex rebuilds it from the repositories tree.", refused.Output, StringComparison.Ordinal);

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
