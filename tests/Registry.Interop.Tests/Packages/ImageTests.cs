using System.Text.RegularExpressions;
using Registry.Interop.Tests.Containers;
using Registry.Interop.Tests.Docker;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Packages;

/// <summary>Containers of the image with docker and podman: write access to /data, and the messages without it.</summary>
public sealed partial class ImageTests(PackagedRegistry package, ContainersHome home, DockerEngine docker, RegistryUnderTest registry)
    : IClassFixture<ContainersHome>, IClassFixture<DockerEngine>
{
    private const string User = "1654";

    public static TheoryData<string> Engines => new("docker", "podman");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_new_volume_can_be_written(string engine)
    {
        await using Container container = await StartAsync(engine, "-v", $"data-{Guid.NewGuid():n}:/data");

        await container.ServesAsync();
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_container_without_a_volume_serves_too(string engine)
    {
        await using Container container = await StartAsync(engine);

        await container.ServesAsync();
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_folder_of_another_user_is_refused_with_the_command_that_mends_it(string engine)
    {
        string data = home.Folder.Folder($"{engine}-foreign");
        await using (Container refused = await StartAsync(engine, "-v", $"{data}:/data"))
        {
            Assert.Equal(1, await refused.WaitForExitAsync());
            string message = await refused.LogsAsync();
            Assert.Contains("REGISTRY_STORAGE_PATH /data cannot be written: the registry runs as user 1654", message, StringComparison.Ordinal);
            Assert.Contains("and /data belongs to user 0 (group 0)", message, StringComparison.Ordinal);
            Match mending = Mending.Match(message);
            // For the folder of the host, as the message says.
            _ = await new Command("chown", "coreutils").RunAsync("-R", mending.Groups["owner"].Value, data);
        }

        await using Container container = await StartAsync(engine, "-v", $"{data}:/data");
        await container.ServesAsync();
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_file_of_another_user_in_the_folder_is_named(string engine)
    {
        string data = home.Folder.Folder($"{engine}-mixed");
        _ = await new Command("chown", "coreutils").RunAsync($"{User}:{User}", data);
        Directory.CreateDirectory(Path.Combine(data, "blobs"));
        await using Container refused = await StartAsync(engine, "-v", $"{data}:/data");

        Assert.Equal(1, await refused.WaitForExitAsync());
        Assert.Contains("and /data/blobs belongs to user 0 (group 0)", await refused.LogsAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Any_user_may_run_it_on_a_folder_of_the_group(string engine)
    {
        // As OpenShift does: a user that the image does not know, of the group 0, to which the volume belongs.
        string data = home.Folder.Folder($"{engine}-group");
        _ = await new Command("chmod", "coreutils").RunAsync("0775", data);
        await using Container container = await StartAsync(engine, "--read-only", "--cap-drop", "all", "--user", "1000650000:0", "-v", $"{data}:/data");

        await container.ServesAsync();
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Another_user_is_told_whom_the_volume_belongs_to(string engine)
    {
        string volume = $"data-{Guid.NewGuid():n}";
        await using (Container first = await StartAsync(engine, "-v", $"{volume}:/data"))
        {
            await first.ServesAsync();
        }

        await using Container refused = await StartAsync(engine, "--user", "4711:4711", "-v", $"{volume}:/data");
        Assert.Equal(1, await refused.WaitForExitAsync());
        Assert.Contains("runs as user 4711 (group 4711), and /data belongs to user 1654", await refused.LogsAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_read_only_container_says_that_it_needs_a_volume(string engine)
    {
        await using Container refused = await StartAsync(engine, "--read-only");

        Assert.Equal(1, await refused.WaitForExitAsync());
        Assert.Contains(
            "REGISTRY_STORAGE_PATH /data is on a read-only file system. Mount it for writing; in a container, mount a volume there",
            await refused.LogsAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task The_program_is_on_the_PATH_of_the_container(string engine)
    {
        await using Container container = await StartAsync(engine, "--read-only", "--cap-drop", "all", "-v", $"data-{Guid.NewGuid():n}:/data");
        await container.ServesAsync();

        string[] call = Assert.Single(InstallGuide.Calls("Container", "docker"), call => call[0] == "exec");
        Assert.Equal("registry", call[1]);
        Assert.Contains("registry gc --dry-run", (await container.Engine.RunAsync(["exec", container.Name, .. call[2..]])).StandardOutput, StringComparison.Ordinal);
        Assert.Equal(Server.ProductVersion.Text, (await container.Engine.RunAsync("exec", container.Name, "registry", "version")).Text);
    }

    [Fact]
    public async Task Podman_checks_the_health_without_a_shell()
    {
        const string Check = """["registry", "healthcheck"]""";
        Assert.Contains($"--health-cmd '{Check}'", await File.ReadAllTextAsync(SourceTree.Locate("docs/install.md"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        int port = FreePorts.Find(1)[0];
        await using Container container = await StartAsync("podman", "-e", $"REGISTRY_PORT={port}", "--health-cmd", Check);
        await container.ServesAsync();

        _ = await container.Engine.RunAsync("healthcheck", "run", container.Name);
    }

    private async Task<Container> StartAsync(string engine, params string[] options)
    {
        Command command = engine == "docker" ? docker.Docker : home.Podman;
        await package.PublishAsync(registry);
        string name = $"registry-{Guid.NewGuid():n}";
        string[] trust = engine == "podman" ? ["--tls-verify=false"] : [];
        // Containers on these machines have the network of the host.
        _ = await command.RunAsync([
            "run", "-d", "--name", name, "--network", "host", "-e", "REGISTRY_HOST=127.0.0.1", "-e", "REGISTRY_PORT=0", .. trust, .. options,
            $"{registry.HostPort}/{PackagedRegistry.Repository}:{Server.ProductVersion.Text}"]);
        return new Container(command, name);
    }

    [GeneratedRegex(@"As root: chown -R (?<owner>\d+:\d+) /data\.")]
    private static partial Regex Mending { get; }

    [GeneratedRegex(@"listening on (?<address>http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening { get; }

    private sealed record Container(Command Engine, string Name) : IAsyncDisposable
    {
        public async Task<string> LogsAsync() => (await Engine.RunAsync("logs", Name)).AllOutput;

        public async Task<int> WaitForExitAsync() =>
            int.Parse((await Engine.RunAsync("wait", Name)).Text, System.Globalization.CultureInfo.InvariantCulture);

        /// <summary>Waits until the registry in the container listens, and pushes and pulls an image.</summary>
        public async Task ServesAsync()
        {
            string address = string.Empty;
            await Eventually.HoldsAsync(
                async () =>
                {
                    string logs = await LogsAsync();
                    address = Listening.Match(logs).Groups["address"].Value;
                    return address.Length > 0
                        || (logs.Contains("registry: ", StringComparison.Ordinal) ? throw new InvalidOperationException(logs) : false);
                },
                "the container listens",
                TestContext.Current.CancellationToken);
            using var client = new HttpClient { BaseAddress = new Uri(address) };
            TestImage image = await client.PushAsync("team/app", TestImage.Create(), "latest");
            Answer pulled = await client.RequestAsync("GET", "/v2/team/app/manifests/latest");
            Assert.Equal(image.Manifest.Bytes, pulled.Body);
        }

        // Its anonymous and named volumes are in the engine's folder, which goes with the tests.
        public async ValueTask DisposeAsync() => _ = await Engine.TryRunAsync("rm", "--force", Name);
    }
}
