using Registry.Interop.Tests.Packages;
using Registry.Testing;
using Registry.Testing.Layouts;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Documentation;

/// <summary>The commands of docs/backup.md, from top to bottom: the first beside a running registry, the others when it is stopped.</summary>
public sealed class BackupGuideTests : IDisposable
{
    private readonly TemporaryFolder _folder = new("guide");

    private static string Program => $"'{Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet"}' '{AppContext.BaseDirectory}registry.dll'";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_command_of_the_backup_guide_works()
    {
        var guide = Walkthrough.Parse(WithPathsOfThisTest(await File.ReadAllTextAsync(SourceTree.Locate("docs/backup.md"), Cancellation)));
        await using RegistryProcess registry = await RegistryProcess.StartAsync(_folder.Folder("registry"), cancellationToken: Cancellation);
        TestImage image = await PushAsync(registry);

        await RunAsync(guide.Steps.Take(1));
        Assert.Equal(0, await registry.StopAsync(Cancellation));
        await RunAsync(guide.Steps.Skip(1));

        await registry.StartAgainAsync(Cancellation);
        foreach (string repository in (string[])["team/app", "other/app", "released/app"])
        {
            Assert.Equal(image.Digest, await DigestAsync(registry, repository));
        }
        await using RegistryProcess restored = await RegistryProcess.StartAsync(_folder.Folder("restored"), cancellationToken: Cancellation);
        Assert.Equal(image.Digest, await DigestAsync(restored, "team/app"));
    }

    /// <summary>Adapts the guide: its folders are below the test's folder, the program is the built one, and a started server ends.</summary>
    private string WithPathsOfThisTest(string guide) => InstallGuide.Replace(
        guide,
        ("/srv/", _folder.Path + "/"),
        ("/backup/", _folder.Folder("backup") + "/"),
        ("registry serve\n", $"{Program} &\nuntil {Program} healthcheck; do kill -0 $!; done\nkill $!\nwait $!\n"));

    private async Task RunAsync(IEnumerable<Step> steps)
    {
        // The storage of the commands that name none is that of the registry.
        var settings = new Step(
            $"registry() {{ {Program} \"$@\"; }}\ncd '{_folder.Path}'\nexport REGISTRY_HOST=127.0.0.1 REGISTRY_PORT={FreePorts.Find(1)[0]} REGISTRY_STORAGE_PATH='{_folder.Path}/registry'\n", 0, null);
        var walkthrough = new Walkthrough(steps.Prepend(settings));
        CommandResult result = await new Command("bash", "bash").TryRunAsync("-c", walkthrough.ToScript());
        Assert.True(result.ExitCode == 0, $"A command failed, exit code {result.ExitCode}:\n{result.AllOutput}");
        Assert.Contains($"step {walkthrough.Steps.Count - 1}", result.AllOutput, StringComparison.Ordinal);
    }

    private static async Task<TestImage> PushAsync(RegistryProcess registry)
    {
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        return await client.PushAsync("team/app", TestImage.Create(), "1.0");
    }

    private static async Task<string> DigestAsync(RegistryProcess registry, string repository)
    {
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        using HttpResponseMessage answer = await client.GetAsync($"v2/{repository}/manifests/1.0", Cancellation);
        return OciLayoutBuilder.DigestOf(await answer.Content.ReadAsByteArrayAsync(Cancellation));
    }
}
