using System.Globalization;
using Registry.Interop.Tests.Docker;
using Registry.Interop.Tests.Packages;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Documentation;

/// <summary>The commands of docs/getting-started.md work as documented on a machine without any set-up.</summary>
[Collection(nameof(DockerEngine))]
public sealed class GettingStartedTests(DockerEngine engine, PackagedRegistry package) : IDisposable
{
    private readonly TemporaryFolder _folder = new("tour");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_command_of_getting_started_works_and_prints_what_the_page_shows()
    {
        Requires.Program("skopeo", "skopeo");
        Requires.Program("podman", "podman");
        Requires.Program("promtool", "prometheus");
        Requires.Program("openssl", "openssl");
        string page = await File.ReadAllTextAsync(SourceTree.Locate("docs/getting-started.md"), TestContext.Current.CancellationToken);
        int[] ports = FreePorts.Find(2);
        var tour = Walkthrough.Parse(page
            .Replace("15000", ports[0].ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("9464", ports[1].ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));

        // The first step in a session of its own: restoring packages needs the home of the user who runs the tests.
        await BuildAsync(tour.Steps[0]);
        var rest = new Walkthrough(tour.Steps.Skip(1));
        CommandResult result = await ReaderShell().TryRunAsync("-c", rest.ToScript());

        Assert.True(result.ExitCode == 0, $"A command failed, exit code {result.ExitCode}:\n{result.AllOutput}");
        string[] differences = [.. rest.Differences(result.AllOutput)];
        Assert.True(differences.Length == 0, string.Join('\n', differences));
    }

    /// <summary>Runs the build command of the page.</summary>
    private async Task BuildAsync(Step step)
    {
        string[] lines = step.Commands.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["dotnet publish src/Registry.Server -c Release -o out", "export PATH=\"$PWD/out:$PATH\""], lines);
        await package.BuildAsync(
            PackagedRegistry.Dotnet(), "publish", SourceTree.Locate("src/Registry.Server"), "-c", "Release", "-o", _folder.Folder("out"));
    }

    /// <summary>Shell of a user who has built the registry, has an empty home, and uses an engine of the tests.</summary>
    private Command ReaderShell()
    {
        File.WriteAllText(_folder.File("home", ".config", "containers", "policy.json"), """{"default":[{"type":"insecureAcceptAnything"}]}""");

        var shell = new Command("bash", "bash") { Deadline = TimeSpan.FromMinutes(15) };
        foreach ((string name, string? value) in engine.Docker.Environment)
        {
            shell.Environment[name] = value;
        }
        // Where the SDK is in another place than usual, the program must be told.
        shell.Environment["DOTNET_ROOT"] =
            Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? Path.GetDirectoryName(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH"));
        shell.Environment["PATH"] = $"{_folder.Folder("out")}:{Environment.GetEnvironmentVariable("PATH")}";
        shell.Environment["HOME"] = _folder.Folder("home");
        shell.Environment["XDG_RUNTIME_DIR"] = _folder.Folder("run");
        shell.Environment["DOCKER_CONFIG"] = _folder.Folder("home", ".docker");
        // podman as root keeps images in /var/lib, where other runs would find them.
        string storage = _folder.File("storage.conf");
        File.WriteAllText(storage, $"""
            [storage]
            driver = "vfs"
            graphroot = "{_folder.Folder("podman", "root")}"
            runroot = "{_folder.Folder("podman", "run")}"
            """);
        shell.Environment["CONTAINERS_STORAGE_CONF"] = storage;
        // As in ContainersHome: skopeo keeps what it learns about layers at home.
        shell.Environment["_CONTAINERS_ROOTLESS_UID"] = "1000";
        return shell;
    }
}
