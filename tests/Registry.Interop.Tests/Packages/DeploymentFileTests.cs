using System.Text.Json;
using System.Text.RegularExpressions;
using Registry.Testing;

namespace Registry.Interop.Tests.Packages;

/// <summary>systemd and compose accept the shipped files, and these confine the registry.</summary>
public sealed partial class DeploymentFileTests
{
    [Fact]
    public async Task Systemd_finds_no_fault_in_the_unit()
    {
        using var folder = new TemporaryFolder("systemd");
        string unit = folder.File("registry.service");
        // The program that is installed is not on this machine; any will do for the check.
        string text = await File.ReadAllTextAsync(Unit, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            unit, text.Replace("/usr/local/bin/registry", "/bin/true", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        CommandResult verified = await Systemd.RunAsync("verify", "--man=no", unit);

        Assert.DoesNotContain("registry.service", verified.AllOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Systemd_calls_the_exposure_of_the_unit_OK() =>
        // In tenths; "OK" ends at 4.9.
        _ = await Systemd.RunAsync("security", "--offline=yes", "--threshold=20", "--no-pager", Unit);

    [Fact]
    public void The_unit_lets_this_machine_in_and_waits_for_start_and_end()
    {
        string[] lines = File.ReadAllLines(Unit);

        Assert.Contains("Type=notify", lines);
        Assert.Contains("ExecReload=/bin/kill -HUP $MAINPID", lines);
        Assert.Contains("Environment=REGISTRY_HOST=127.0.0.1", lines);
        Assert.Contains("TimeoutStopSec=60s", lines);
        Assert.Contains("SystemCallFilter=@system-service", lines);
        Assert.Contains("MemoryDenyWriteExecute=yes", lines);
    }

    [Fact]
    public async Task Systemd_finds_no_fault_in_the_backup_and_its_timer()
    {
        using var folder = new TemporaryFolder("systemd");
        foreach (string name in (string[])["registry-backup.service", "registry-backup.timer"])
        {
            string text = await File.ReadAllTextAsync(SourceTree.Locate("deploy/systemd/" + name), TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(
                folder.File(name), text.Replace("/usr/local/bin/registry", "/bin/true", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        }

        CommandResult verified = await Systemd.RunAsync("verify", "--man=no", folder.File("registry-backup.timer"), folder.File("registry-backup.service"));

        Assert.DoesNotContain("registry-backup", verified.AllOutput, StringComparison.Ordinal);
        _ = await Systemd.RunAsync("security", "--offline=yes", "--threshold=20", "--no-pager", SourceTree.Locate("deploy/systemd/registry-backup.service"));
    }

    [Fact]
    public async Task The_calendar_of_the_backup_is_one_that_systemd_understands()
    {
        string line = File.ReadAllLines(SourceTree.Locate("deploy/systemd/registry-backup.timer")).Single(line => line.StartsWith("OnCalendar=", StringComparison.Ordinal));

        CommandResult calendar = await Systemd.RunAsync("calendar", line["OnCalendar=".Length..]);

        Assert.Contains("02:30:00", calendar.StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compose_reads_its_file_and_lets_this_machine_in_only()
    {
        JsonElement service = await ComposeAsync();

        Assert.Equal("registry:0.1.0", service.GetProperty("image").GetString());
        Assert.Equal("127.0.0.1:15000:15000/tcp", Assert.Single(service.GetProperty("ports").EnumerateArray()).GetString());
        Assert.Equal("registry-data:/data:rw", Assert.Single(service.GetProperty("volumes").EnumerateArray()).GetString());
        Assert.Equal("1654:1654", service.GetProperty("user").GetString());
        Assert.True(service.GetProperty("read_only").GetBoolean());
        Assert.Equal("ALL", Assert.Single(service.GetProperty("cap_drop").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task Compose_takes_an_image_a_folder_and_an_address()
    {
        JsonElement service = await ComposeAsync(("IMAGE", "registry.example.com/registry:0.1.0"), ("DATA", "/srv/registry"), ("BIND", "0.0.0.0"));

        Assert.Equal("registry.example.com/registry:0.1.0", service.GetProperty("image").GetString());
        Assert.Equal("0.0.0.0:15000:15000/tcp", Assert.Single(service.GetProperty("ports").EnumerateArray()).GetString());
        Assert.Equal("/srv/registry:/data:rw", Assert.Single(service.GetProperty("volumes").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task Compose_starts_three_equal_nodes_that_only_nginx_reaches()
    {
        JsonElement single = await ComposeAsync();
        JsonElement services = (await ComposeFileAsync("nodes/compose.yaml", ("S3_ENDPOINT", "https://s3.example.com"))).GetProperty("services");
        JsonElement[] nodes = [.. Enumerable.Range(1, 3).Select(i => services.GetProperty($"registry-{i}"))];

        Assert.Equal(["nginx", "postgres", "registry-1", "registry-2", "registry-3"], services.EnumerateObject().Select(service => service.Name).Order(StringComparer.Ordinal));
        Assert.Equal("127.0.0.1:15000:80/tcp", Assert.Single(services.At("nginx", "ports").EnumerateArray()).GetString());
        Assert.All(nodes, node =>
        {
            Assert.False(node.TryGetProperty("ports", out _));
            Assert.False(node.TryGetProperty("volumes", out _));
            Assert.True(JsonElement.DeepEquals(nodes[0].GetProperty("environment"), node.GetProperty("environment")));
            Assert.All(["image", "user", "read_only", "cap_drop", "security_opt", "mem_limit", "ulimits", "stop_grace_period", "restart"], name => Assert.True(
                JsonElement.DeepEquals(single.GetProperty(name), node.GetProperty(name)), name));
        });
        Assert.Empty(KubernetesTests.FaultsOf(
            nodes[0].GetProperty("environment").EnumerateObject().ToDictionary(setting => setting.Name, setting => setting.Value.ToString())));

        // The balancer is that of the guide, at the addresses of the file.
        string[] lines = [.. File.ReadAllLines(SourceTree.Locate("deploy/compose/nodes/nginx.conf")).Where(line => !line.StartsWith('#'))];
        string[] guide = Assert.Single(InstallGuide.Blocks("The balancer", "nginx", "docs/many-nodes.md")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(guide.Where(line => !IsServer(line)), lines.Where(line => !IsServer(line)));
        Assert.Equal(
            nodes.Select(node => $"    server {node.At("networks", "registry", "ipv4_address").GetString()}:15000;"), lines.Where(IsServer));

        static bool IsServer(string line) => line.StartsWith("    server ", StringComparison.Ordinal);
    }

    [Fact]
    public void The_files_name_the_version_of_the_registry()
    {
        string[] versions =
        [
            .. Directory.EnumerateFiles(SourceTree.Locate("deploy"), "*.yaml", SearchOption.AllDirectories)
                .SelectMany(file => ImageVersion.Matches(File.ReadAllText(file)).Select(match => match.Groups["version"].Value)),
        ];

        Assert.NotEmpty(versions);
        Assert.All(versions, version => Assert.Equal(Server.ProductVersion.Text, version));
    }

    private static string Unit => SourceTree.Locate("deploy/systemd/registry.service");

    private static Command Systemd => new("systemd-analyze", "systemd");

    private static async Task<JsonElement> ComposeAsync(params (string Name, string Value)[] variables) =>
        (await ComposeFileAsync("compose.yaml", variables)).At("services", "registry");

    private static async Task<JsonElement> ComposeFileAsync(string file, params (string Name, string Value)[] variables)
    {
        var compose = new Command("docker-compose", "docker-compose", "-f", SourceTree.Locate($"deploy/compose/{file}"));
        foreach ((string name, string value) in variables)
        {
            compose.Environment[name] = value;
        }

        return (await YamlDocuments.ReadAsync((await compose.RunAsync("config")).StandardOutput))[0];
    }

    [GeneratedRegex(@"(?:/registry:|-registry:|newTag: )(?<version>\d[\w.]*)")]
    private static partial Regex ImageVersion { get; }
}
