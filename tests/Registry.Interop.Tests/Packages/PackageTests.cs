using System.Text.Json;
using System.Text.RegularExpressions;
using Registry.Interop.Tests.Containers;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Packages;

/// <summary>Installs and uses the builds of docs/install.md: the single file, and the image.</summary>
public sealed partial class PackageTests(PackagedRegistry package, ContainersHome home, RegistryUnderTest registry)
    : IClassFixture<ContainersHome>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_package_is_one_file_that_needs_no_dotnet()
    {
        await package.PublishAsync(registry);
        Assert.Equal(["registry"], Directory.GetFileSystemEntries(package.Output).Select(path => Path.GetFileName(path)!));

        using var folder = new TemporaryFolder("one-file");
        var program = new Command(package.Program, "itself")
        {
            Environment =
            {
                ["DOTNET_ROOT"] = folder.Folder("no-dotnet"),
                ["REGISTRY_HOST"] = "127.0.0.1",
                ["REGISTRY_PORT"] = "0",
                ["REGISTRY_STORAGE_PATH"] = folder.Folder("data"),
            },
        };
        await using BackgroundProcess process = program.Start();
        Match listening = await process.WaitForLineAsync(ListeningLine, Patience.Limit, Cancellation);
        using var http = new RegistryHttp(new Uri($"http://127.0.0.1:{listening.Groups["port"].Value}"));
        var sample = SampleImage.Runnable();

        await http.PushImageAsync(sample.Layout, sample.Top, "one/file", "1", Cancellation);
        await sample.AssertHeldAsync(http, "one/file", "1");

        Assert.Equal(0, await process.TerminateAsync(Patience.Limit, Cancellation));
    }

    [Fact]
    public async Task The_image_describes_itself_and_runs_as_a_user_without_rights()
    {
        await package.PublishAsync(registry);
        StoredImage image = await registry.Http.ReadImageAsync(PackagedRegistry.Repository, Version, Cancellation);

        using JsonDocument json = JsonDocument.Parse(await registry.Http.ReadBlobAsync(PackagedRegistry.Repository, image.Config.Digest, Cancellation));
        JsonElement config = json.RootElement.GetProperty("config");
        Assert.Equal("1654", config.GetProperty("User").GetString());
        Assert.Equal("/app/registry", Assert.Single(config.GetProperty("Entrypoint").EnumerateArray()).GetString());
        Assert.Contains("REGISTRY_STORAGE_PATH=/data", config.GetProperty("Env").EnumerateArray().Select(value => value.GetString()));
        Assert.True(config.GetProperty("ExposedPorts").TryGetProperty("15000/tcp", out _));
        JsonElement labels = config.GetProperty("Labels");
        Assert.Equal("Registry", labels.GetProperty("org.opencontainers.image.title").GetString());
        Assert.Equal(Version, labels.GetProperty("org.opencontainers.image.version").GetString());
        Assert.Equal(PackagedRegistry.SourceUrl, labels.GetProperty("org.opencontainers.image.source").GetString());
        string commit = (await new Command("git", "git", "-c", "safe.directory=*", "-C", SourceTree.Root).RunAsync("rev-parse", "HEAD")).Text;
        Assert.Equal(commit, labels.GetProperty("org.opencontainers.image.revision").GetString());
        Assert.Equal(PackagedRegistry.License, labels.GetProperty("org.opencontainers.image.licenses").GetString());
        Assert.False(labels.TryGetProperty("org.opencontainers.image.authors", out _));
        // The program alone, compressed, above its base.
        Assert.InRange(image.Layers.Last().Size, 1, 20 * 1024 * 1024);
    }

    [Fact]
    public async Task The_image_serves_a_push_and_a_pull()
    {
        Command podman = home.Podman;
        Command skopeo = home.Skopeo;
        await package.PublishAsync(registry);
        string name = $"registry-{Guid.NewGuid():n}";
        string data = home.Folder.File("data");
        foreach (string[] call in InstallGuide.Calls("Container", "install", ("/srv/registry", data)))
        {
            _ = await new Command("install", "coreutils").RunAsync(call);
        }
        // Containers on these machines have the network of the host.
        string[] run = Assert.Single(InstallGuide.Calls(
            "Container", "podman",
            ("registry.example.com", registry.HostPort),
            ("/srv/registry", data),
            ("--name registry", "--tls-verify=false --name " + name),
            ("-p 127.0.0.1:15000:15000", "--network host -e REGISTRY_HOST=127.0.0.1 -e REGISTRY_PORT=0")));
        try
        {
            _ = await podman.RunAsync(run);
            Match listening = Match.Empty;
            await Eventually.HoldsAsync(
                async () => (listening = ListeningLine.Match((await podman.RunAsync("logs", name)).AllOutput)).Success, "the container listens", Cancellation);
            string target = $"docker://127.0.0.1:{listening.Groups["port"].Value}/in/container:1";
            var sample = SampleImage.Runnable();

            _ = await skopeo.RunAsync("copy", "--dest-tls-verify=false", sample.WriteTo(home.Folder.Folder("pushed")), target);
            _ = await skopeo.RunAsync("copy", "--src-tls-verify=false", target, $"oci:{home.Folder.Folder("pulled")}:sample");

            sample.AssertHeldIn(home.Folder.Folder("pulled"));
            _ = await podman.RunAsync("stop", "-t", "60", name);
            Assert.Equal("0", (await podman.RunAsync("inspect", "-f", "{{.State.ExitCode}}", name)).Text);
        }
        finally
        {
            _ = await podman.TryRunAsync("rm", "--force", "--ignore", name);
        }
    }

    [Fact]
    public async Task The_files_of_the_service_are_put_where_the_guide_says()
    {
        await package.PublishAsync(registry);
        using var root = new TemporaryFolder("service");
        string bin = root.Folder("usr", "local", "bin");
        string units = root.Folder("etc", "systemd", "system");
        string block = InstallGuide.Replace(
            InstallGuide.Blocks("Service of systemd", "bash")[0],
            ("out/registry", package.Program),
            ("/usr/local/bin", bin),
            ("/etc/", root.Path + "/etc/"),
            ("-g registry", "-g root"),
            // Not on the machine of the tests.
            ("useradd ", ": useradd "),
            ("systemctl ", ": systemctl "));
        string backup = InstallGuide.Replace(
            InstallGuide.Blocks("Service of systemd", "bash")[1],
            ("-o registry -g registry", "-o root -g root"),
            ("/var/", root.Path + "/var/"),
            ("/etc/", root.Path + "/etc/"),
            ("systemctl ", ": systemctl "));

        _ = await new Command("bash", "bash").RunAsync("-euc", $"cd '{SourceTree.Root}'\n{block}\n{backup}");

        Assert.Equal(Version, (await new Command(Path.Combine(bin, "registry"), "itself").RunAsync("--version")).Text);
        string unit = await File.ReadAllTextAsync(Path.Combine(units, "registry.service"), Cancellation);
        Assert.Contains("ExecStart=/usr/local/bin/registry serve\n", unit, StringComparison.Ordinal);
        Assert.Contains("EnvironmentFile=-/etc/registry/registry.env\n", unit, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(root.Path, "etc", "registry")));
        Assert.Equal(
            ["registry-backup.service", "registry-backup.timer", "registry.service"],
            Directory.GetFiles(units).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        // The unit writes where the guide makes a folder.
        Assert.Contains(
            $"ExecStart=/usr/local/bin/registry backup /{Path.GetRelativePath(root.Path, Assert.Single(Directory.GetDirectories(Path.Combine(root.Path, "var", "backups"))))}\n",
            await File.ReadAllTextAsync(Path.Combine(units, "registry-backup.service"), Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_package_for_another_kind_of_machine_is_one_file()
    {
        bool isArm = PackagedRegistry.RuntimeIdentifier == "linux-arm64";

        string output = await package.PublishForAsync(isArm ? "linux-x64" : "linux-arm64");

        string file = Assert.Single(Directory.GetFileSystemEntries(output));
        Assert.Equal("registry", Path.GetFileName(file));
        var head = new byte[20];
        await using FileStream stream = File.OpenRead(file);
        await stream.ReadExactlyAsync(head, Cancellation);
        // e_machine of the ELF header: EM_X86_64 is 62, EM_AARCH64 is 183.
        Assert.Equal(isArm ? 62 : 183, head[18]);
    }

    private static string Version => Server.ProductVersion.Text;

    [GeneratedRegex(@"listening on http://[^\s/]+:(?<port>\d+)")]
    private static partial Regex ListeningLine { get; }
}
