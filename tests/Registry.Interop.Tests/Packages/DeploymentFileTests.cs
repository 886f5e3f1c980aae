using System.Text.Json;
using Registry.Testing;

namespace Registry.Interop.Tests.Packages;

/// <summary>The files under deploy/ are what the programs that read them accept, and keep the registry confined.</summary>
public sealed class DeploymentFileTests
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
    public void The_unit_waits_for_the_requests_in_flight()
    {
        string[] lines = File.ReadAllLines(Unit);

        Assert.Contains("TimeoutStopSec=60s", lines);
        Assert.Contains("SystemCallFilter=@system-service", lines);
        Assert.Contains("MemoryDenyWriteExecute=yes", lines);
    }

    [Fact]
    public async Task Compose_reads_its_file()
    {
        var compose = new Command("docker-compose", "docker-compose", "-f", SourceRoot.File("deploy/compose/compose.yaml"))
        {
            Environment = { ["IMAGE"] = "registry.example.com/registry:0.1.0", ["DATA"] = "/srv/registry" },
        };

        JsonElement service = (await ReadYamlAsync((await compose.RunAsync("config")).StandardOutput))[0].GetProperty("services").GetProperty("registry");

        Assert.Equal("registry.example.com/registry:0.1.0", service.GetProperty("image").GetString());
        Assert.Equal("/srv/registry:/data:rw", Assert.Single(service.GetProperty("volumes").EnumerateArray()).GetString());
        Assert.Equal("1654:1654", service.GetProperty("user").GetString());
        Assert.True(service.GetProperty("read_only").GetBoolean());
        Assert.Equal("ALL", Assert.Single(service.GetProperty("cap_drop").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task The_pod_of_Kubernetes_is_alone_and_confined()
    {
        JsonElement[] objects = await ReadYamlAsync(await File.ReadAllTextAsync(
            SourceRoot.File("deploy/kubernetes/registry.yaml"), TestContext.Current.CancellationToken));
        Assert.Equal(
            ["ConfigMap", "PersistentVolumeClaim", "Deployment", "Service"], objects.Select(item => item.GetProperty("kind").GetString()));

        JsonElement deployment = objects[2].GetProperty("spec");
        Assert.Equal(1, deployment.GetProperty("replicas").GetInt32());
        Assert.Equal("Recreate", deployment.GetProperty("strategy").GetProperty("type").GetString());
        JsonElement labels = deployment.GetProperty("template").GetProperty("metadata").GetProperty("labels");
        Assert.Equal(labels.ToString(), deployment.GetProperty("selector").GetProperty("matchLabels").ToString());
        Assert.Equal(labels.ToString(), objects[3].GetProperty("spec").GetProperty("selector").ToString());

        JsonElement pod = deployment.GetProperty("template").GetProperty("spec");
        Assert.False(pod.GetProperty("enableServiceLinks").GetBoolean());
        Assert.False(pod.GetProperty("automountServiceAccountToken").GetBoolean());
        JsonElement security = pod.GetProperty("securityContext");
        Assert.True(security.GetProperty("runAsNonRoot").GetBoolean());
        Assert.Equal(1654, security.GetProperty("runAsUser").GetInt32());
        Assert.Equal(1654, security.GetProperty("fsGroup").GetInt32());
        Assert.Equal("RuntimeDefault", security.GetProperty("seccompProfile").GetProperty("type").GetString());

        JsonElement container = Assert.Single(pod.GetProperty("containers").EnumerateArray());
        JsonElement confined = container.GetProperty("securityContext");
        Assert.False(confined.GetProperty("allowPrivilegeEscalation").GetBoolean());
        Assert.True(confined.GetProperty("readOnlyRootFilesystem").GetBoolean());
        Assert.Equal("ALL", Assert.Single(confined.GetProperty("capabilities").GetProperty("drop").EnumerateArray()).GetString());
        Assert.Equal("/startupz", PathOf("startupProbe"));
        Assert.Equal("/readyz", PathOf("readinessProbe"));
        Assert.Equal("/livez", PathOf("livenessProbe"));
        // Where the image keeps its data.
        Assert.Equal("/data", Assert.Single(container.GetProperty("volumeMounts").EnumerateArray()).GetProperty("mountPath").GetString());

        string? PathOf(string probe) => container.GetProperty(probe).GetProperty("httpGet").GetProperty("path").GetString();
    }

    private static string Unit => SourceRoot.File("deploy/systemd/registry.service");

    private static Command Systemd => new("systemd-analyze", "systemd");

    private static async Task<JsonElement[]> ReadYamlAsync(string yaml)
    {
        using var folder = new TemporaryFolder("yaml");
        string file = folder.File("file.yaml");
        await File.WriteAllTextAsync(file, yaml, TestContext.Current.CancellationToken);
        var python = new Command("python3", "python3-yaml");
        string json = (await python.RunAsync(
            "-c", "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))", file)).StandardOutput;
        return [.. JsonSerializer.Deserialize<JsonElement[]>(json)!];
    }
}
