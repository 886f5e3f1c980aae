using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Registry.Interop.Tests.Docker;
using Registry.Interop.Tests.Packages;
using Registry.Testing;

namespace Registry.Interop.Tests.Documentation;

/// <summary>docs/getting-started.md does what it says, on a machine where nothing is set up.</summary>
[Collection(nameof(DockerEngine))]
[SupportedOSPlatform("linux")]
public sealed class GettingStartedTests(DockerEngine engine) : IDisposable
{
    private readonly TemporaryFolder _folder = new("tour");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_command_of_getting_started_works_and_prints_what_the_page_shows()
    {
        Requires.Program("skopeo", "skopeo");
        Requires.Program("promtool", "prometheus");
        Requires.Program("openssl", "openssl");
        string page = await File.ReadAllTextAsync(SourceRoot.File("docs/getting-started.md"), TestContext.Current.CancellationToken);
        int[] ports = FreePorts(2);
        var tour = Walkthrough.Parse(page
            .Replace("15000", ports[0].ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("9464", ports[1].ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        Assert.StartsWith("dotnet publish ", tour.Steps[0].Commands, StringComparison.Ordinal);

        // The first step builds the program, which whoever runs this test has done.
        var rest = new Walkthrough(tour.Steps.Skip(1));
        CommandResult result = await ReaderShell().TryRunAsync("-c", rest.ToScript());

        Assert.True(result.ExitCode == 0, $"A command failed, exit code {result.ExitCode}:\n{result.AllOutput}");
        string[] differences = [.. rest.Differences(result.AllOutput)];
        Assert.True(differences.Length == 0, string.Join('\n', differences));
    }

    /// <summary>The shell of somebody who has built the registry, has nothing at home, and talks to an engine of the tests.</summary>
    private Command ReaderShell()
    {
        string registry = _folder.File("out", "registry");
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        File.WriteAllText(registry, $"#!/bin/sh\nexec '{host}' '{AppContext.BaseDirectory}registry.dll' \"$@\"\n");
        File.SetUnixFileMode(registry, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.WriteAllText(_folder.File("home", ".config", "containers", "policy.json"), """{"default":[{"type":"insecureAcceptAnything"}]}""");

        var shell = new Command("bash", "bash") { Deadline = TimeSpan.FromMinutes(5) };
        foreach ((string name, string? value) in engine.Docker.Environment)
        {
            shell.Environment[name] = value;
        }
        shell.Environment["PATH"] = $"{_folder.Folder("out")}:{Environment.GetEnvironmentVariable("PATH")}";
        shell.Environment["HOME"] = _folder.Folder("home");
        shell.Environment["XDG_RUNTIME_DIR"] = _folder.Folder("run");
        shell.Environment["DOCKER_CONFIG"] = _folder.Folder("home", ".docker");
        // As in ContainersHome: skopeo keeps what it learns about layers at home.
        shell.Environment["_CONTAINERS_ROOTLESS_UID"] = "1000";
        return shell;
    }

    /// <summary>Ports that nobody listens on, all different.</summary>
    private static int[] FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners)
        {
            listener.Start();
        }
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        foreach (TcpListener listener in listeners)
        {
            listener.Dispose();
        }
        return ports;
    }
}
