using Registry.Server.Configuration;
using Registry.Server.Tests.Commands;
using Registry.Server.Tests.Maintenance;

namespace Registry.Server.Tests.Policies;

/// <summary>Copies and imports under the rules: as jobs of a running registry, and by a command in the folder of a stopped one.</summary>
public sealed class RuledCopyTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new("ruled", isInMemory: true);
    private readonly PolicyFolder _policy = new("""
        { "rules": [
          { "repository": "team/*", "immutableTags": ["v*"] },
          { "repository": "small/**", "quota": { "bytes": "10KB" } }
        ] }
        """);

    private readonly TestImage _image = TestImage.Create();
    private readonly TestImage _other = TestImage.Create(layers: 1, layerSize: 9000);
    private TestRegistry? _registry;

    private string Data => _folder.Folder("data");

    private string Layout => Path.Combine(_folder.Path, "layout");

    public async ValueTask InitializeAsync()
    {
        _registry = await StartAsync();
        await _registry.Client.PushAsync("team/app", _image, "v1");
        await _registry.Client.PushAsync("free/app", _other, "v1");
        await _registry.Client.PushAsync("small/app", TestImage.Create(), "v1");
        LayoutFolder.Write(Layout, ("team/app:v1", _other));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _policy.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_copy_and_an_import_do_not_move_an_immutable_tag(bool isRunning)
    {
        if (!isRunning)
        {
            await StopAsync();
        }

        var refusal = $"v1 of team/app is {_image.Digest}, and gets no other digest by rule 1 (line 2: \"team/*\"); use another tag";
        await AssertRefusedAsync(refusal, "copy", "free/app:v1", "team/app:v1");
        await AssertRefusedAsync(refusal, "import", Layout);

        // What is refused has brought nothing, and other tags and the same digest are fine.
        Assert.Equal(0, (await RunAsync("copy", "free/app:v1", "team/app:latest")).ExitCode);
        Assert.Equal(0, (await RunAsync("import", Layout, "team/app:latest")).ExitCode);
        Assert.Equal(0, (await RunAsync("copy", "team/app:v1", "team/app:v1")).ExitCode);
        await AssertTagAsync("team/app", "v1", _image);
        await AssertTagAsync("team/app", "latest", _other);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_copy_and_an_import_do_not_exceed_a_quota(bool isRunning)
    {
        if (!isRunning)
        {
            await StopAsync();
        }

        const string Refusal = "and rule 2 (line 3: \"small/**\") allows 9.8 KiB, of which ";
        await AssertRefusedAsync(Refusal, "copy", "free/app:v1", "small/copied:v1");
        await AssertRefusedAsync(Refusal, "import", Layout, "small/imported:v1");
        Assert.Equal(0, (await RunAsync("copy", "small/app:v1", "small/app:v2")).ExitCode);
        Assert.Equal(0, (await RunAsync("copy", "free/app:v1", "large/app:v1")).ExitCode);
        await RestartAsync();
        foreach (var repository in new[] { "small/copied", "small/imported" })
        {
            Check.Status(404, await _registry!.Client.GetAnswerAsync($"/v2/{repository}/manifests/{_other.Digest}"));
        }
    }

    private async Task AssertRefusedAsync(string refusal, params string[] arguments)
    {
        var run = await RunAsync(arguments);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(refusal, run.Error, StringComparison.Ordinal);
    }

    private Task<CommandRun> RunAsync(params string[] arguments) =>
        CommandRun.OfAsync(new Dictionary<string, string> { ["REGISTRY_STORAGE_PATH"] = Data, [PolicyFile.Setting] = _policy.Path }, arguments);

    private async Task AssertTagAsync(string repository, string tag, TestImage image)
    {
        await RestartAsync();
        Assert.Equal(image.Digest, Check.Status(200, await _registry!.Client.HeadAnswerAsync($"/v2/{repository}/manifests/{tag}"))["Docker-Content-Digest"]);
    }

    private async Task RestartAsync() => _registry ??= await StartAsync();

    private Task<TestRegistry> StartAsync() => TestRegistry.StartAsync(_policy.Configure, storagePath: Data);

    private async Task StopAsync()
    {
        await (_registry?.DisposeAsync() ?? ValueTask.CompletedTask);
        _registry = null;
    }
}
