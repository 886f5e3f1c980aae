using System.Text.Json;
using Registry.Interop.Tests.OptionalClients;
using Registry.Server.Configuration;
using Registry.Testing;

namespace Registry.Interop.Tests.Packages;

/// <summary>The files of deploy/kubernetes: their content, and the output of kustomize when kubectl is installed.</summary>
public sealed class KubernetesTests
{
    private const string Folder = "deploy/kubernetes";

    private static readonly string[] Components = ["users", "tls", "ingress", "monitoring", "backup", "nodes"];

    [Fact]
    public async Task Every_file_is_named_by_its_kustomization()
    {
        foreach (string folder in Components.Select(name => $"{Folder}/components/{name}").Append($"{Folder}/base"))
        {
            JsonElement kustomization = await YamlDocuments.ReadFileAsync($"{folder}/kustomization.yaml");
            IEnumerable<string?> named = Members(kustomization, "resources").Select(item => item.GetString())
                .Concat(Members(kustomization, "patches").Select(item => item.GetProperty("path").GetString()))
                .Append("kustomization.yaml");

            Assert.Equal(
                Directory.EnumerateFiles(SourceTree.Locate(folder)).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal),
                named.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task The_settings_are_ones_that_the_registry_takes_together()
    {
        foreach (string overlay in (string[])["tls", "ingress", "nodes"])
        {
            JsonElement kustomization = await YamlDocuments.ReadFileAsync($"{Folder}/overlays/{overlay}/kustomization.yaml");
            string[] parts = [$"{Folder}/base", .. Members(kustomization, "components").Select(item => $"{Folder}/overlays/{overlay}/{item.GetString()}")];
            var settings = new Dictionary<string, string>();
            foreach (string part in (string[])[.. parts, $"{Folder}/overlays/{overlay}"])
            {
                foreach (JsonElement literal in Members(await YamlDocuments.ReadFileAsync($"{part}/kustomization.yaml"), "configMapGenerator")
                    .SelectMany(generator => generator.GetProperty("literals").EnumerateArray()))
                {
                    string[] setting = literal.GetString()!.Split('=', 2);
                    settings[setting[0]] = setting[1];
                }
            }

            Assert.Contains("REGISTRY_AUTH_HTPASSWD", settings.Keys);
            Assert.Empty(FaultsOf(settings));
        }
    }

    [Fact]
    public async Task The_pod_is_alone_and_confined()
    {
        JsonElement deployment = await YamlDocuments.ReadFileAsync($"{Folder}/base/deployment.yaml");
        AssertAlone(deployment);
        AssertConfined(deployment);
    }

    [Fact]
    public async Task One_pod_at_a_time_has_the_volume() => Assert.Equal(
        "ReadWriteOncePod", (await YamlDocuments.ReadFileAsync($"{Folder}/base/claim.yaml")).At("spec", "accessModes", "0").GetString());

    [OptionalClientFact("kubectl")]
    public async Task Kustomize_makes_the_variant_with_TLS()
    {
        JsonElement[] objects = await RenderAsync("tls");

        AssertSingle(objects);
        JsonElement container = Find(objects, "Deployment", "registry").At("spec", "template", "spec", "containers", "0");
        foreach (string probe in (string[])["startupProbe", "readinessProbe", "livenessProbe"])
        {
            Assert.Equal("HTTPS", container.At(probe, "httpGet", "scheme").GetString());
            Assert.NotEmpty(container.At(probe, "httpGet", "path").GetString()!);
        }

        Assert.DoesNotContain(objects, item => item.GetProperty("kind").GetString() == "Ingress");
        Assert.Equal(["https", "metrics"], Ports(objects));
    }

    [OptionalClientFact("kubectl")]
    public async Task Kustomize_makes_the_variant_with_an_Ingress()
    {
        JsonElement[] objects = await RenderAsync("ingress");

        AssertSingle(objects);
        JsonElement ingress = Find(objects, "Ingress", "registry");
        Assert.Equal("0", ingress.At("metadata", "annotations", "nginx.ingress.kubernetes.io/proxy-body-size").GetString());
        Assert.Contains(ingress.At("spec", "rules", "0", "http", "paths", "0", "backend", "service", "port", "name").GetString()!, Ports(objects));
        Assert.Equal(["http", "metrics"], Ports(objects));
    }

    [OptionalClientFact("kubectl")]
    public async Task Kustomize_makes_the_variant_of_many_nodes() => AssertNodes(await RenderAsync("nodes"));

    /// <summary>Checks the objects of one pod with a volume and a backup.</summary>
    internal static void AssertSingle(JsonElement[] objects)
    {
        AssertConsistent(objects);
        JsonElement deployment = objects.Single(item => item.GetProperty("kind").GetString() == "Deployment");
        string name = deployment.At("metadata", "name").GetString()!;
        AssertAlone(deployment);
        Assert.Empty(Find(objects, "NetworkPolicy", name).At("spec", "egress").EnumerateArray());

        JsonElement job = Find(objects, "CronJob", $"{name}-backup").At("spec", "jobTemplate", "spec", "template");
        Assert.Equal($"{name}-backup", Find(objects, "ServiceAccount", job.At("spec", "serviceAccountName").GetString()!).At("metadata", "name").GetString());
        Assert.Equal(
            ["exec", $"deployment/{name}", "--container=registry", "--", "registry", "backup", "/backup"],
            job.At("spec", "containers", "0", "args").EnumerateArray().Select(item => item.GetString()));
        Assert.Equal(name, Find(objects, "Role", $"{name}-backup").At("rules", "0", "resourceNames", "0").GetString());
        // The policy of the registry lets nothing out, and the backup must reach the API of Kubernetes.
        Assert.False(Selects(Find(objects, "NetworkPolicy", name).At("spec", "podSelector", "matchLabels"), job.At("metadata", "labels")));
    }

    /// <summary>Checks the objects of three nodes, which have no volume, and reach their stores.</summary>
    internal static void AssertNodes(JsonElement[] objects)
    {
        AssertConsistent(objects);
        JsonElement deployment = objects.Single(item => item.GetProperty("kind").GetString() == "Deployment");
        string name = deployment.At("metadata", "name").GetString()!;
        JsonElement labels = deployment.At("spec", "template", "metadata", "labels");
        JsonElement pod = deployment.At("spec", "template", "spec");
        Assert.Equal(3, deployment.At("spec", "replicas").GetInt32());
        Assert.Equal("RollingUpdate", deployment.At("spec", "strategy", "type").GetString());
        Assert.Equal(0, deployment.At("spec", "strategy", "rollingUpdate", "maxUnavailable").GetInt32());
        AssertSelects(pod.At("topologySpreadConstraints", "0", "labelSelector", "matchLabels"), labels);
        AssertSelects(Find(objects, "PodDisruptionBudget", name).At("spec", "selector", "matchLabels"), labels);
        Assert.DoesNotContain(objects, item => item.GetProperty("kind").GetString() is "PersistentVolumeClaim" or "CronJob");
        Assert.Equal("/stores", pod.At("containers", "0").GetProperty("volumeMounts").EnumerateArray()
            .Single(mount => mount.GetProperty("name").GetString() == "stores").GetProperty("mountPath").GetString());
        Assert.Equal(
            [(53, "UDP"), (53, "TCP"), (5432, "TCP"), (443, "TCP")],
            Find(objects, "NetworkPolicy", name).At("spec", "egress", "0", "ports").EnumerateArray()
                .Select(port => (port.GetProperty("port").GetInt32(), port.GetProperty("protocol").GetString())));
    }

    /// <summary>Faults of settings whose files are those of the cluster.</summary>
    internal static IReadOnlyList<string> FaultsOf(Dictionary<string, string> settings) =>
        OptionsReader.Read(settings.ToDictionary(
            setting => setting.Key.Replace("_FILE", string.Empty, StringComparison.Ordinal),
            setting => setting.Key == "REGISTRY_POSTGRES_FILE" ? "postgres://registry:a%20password@db.example.com/registry" : setting.Value)).Faults;

    // References between objects lead to the right objects.
    private static void AssertConsistent(JsonElement[] objects)
    {
        JsonElement deployment = objects.Single(item => item.GetProperty("kind").GetString() == "Deployment");
        string name = deployment.At("metadata", "name").GetString()!;
        AssertConfined(deployment);
        JsonElement pod = deployment.At("spec", "template", "spec");
        JsonElement container = pod.At("containers", "0");
        JsonElement settings = Find(objects, "ConfigMap", container.At("envFrom", "0", "configMapRef", "name").GetString()!);
        Assert.Empty(FaultsOf(settings.GetProperty("data").EnumerateObject().ToDictionary(item => item.Name, item => item.Value.GetString()!)));

        Assert.Equal(
            pod.GetProperty("volumes").EnumerateArray().Select(volume => volume.GetProperty("name").GetString()).Order(),
            container.GetProperty("volumeMounts").EnumerateArray().Select(mount => mount.GetProperty("name").GetString()).Order());
        foreach (JsonElement volume in pod.GetProperty("volumes").EnumerateArray())
        {
            if (volume.TryGetProperty("persistentVolumeClaim", out JsonElement claim))
            {
                _ = Find(objects, "PersistentVolumeClaim", claim.GetProperty("claimName").GetString()!);
            }
        }

        // The labels of the pod, of which each selector names some.
        JsonElement labels = deployment.At("spec", "template", "metadata", "labels");
        AssertSelects(deployment.At("spec", "selector", "matchLabels"), labels);
        AssertSelects(Find(objects, "Service", name).At("spec", "selector"), labels);
        AssertSelects(Find(objects, "NetworkPolicy", name).At("spec", "podSelector", "matchLabels"), labels);
        AssertSelects(Find(objects, "ServiceMonitor", name).At("spec", "selector", "matchLabels"), Find(objects, "Service", name).At("metadata", "labels"));
        Assert.Contains(Find(objects, "ServiceMonitor", name).At("spec", "endpoints", "0", "port").GetString()!, Ports(objects));
    }

    // Two pods must never share the volume.
    private static void AssertAlone(JsonElement deployment)
    {
        Assert.Equal(1, deployment.At("spec", "replicas").GetInt32());
        Assert.Equal("Recreate", deployment.At("spec", "strategy", "type").GetString());
        Assert.Contains(
            deployment.At("spec", "template", "spec", "containers", "0", "volumeMounts").EnumerateArray(), mount => mount.GetProperty("mountPath").GetString() == "/data");
    }

    private static void AssertConfined(JsonElement deployment)
    {
        JsonElement pod = deployment.At("spec", "template", "spec");
        Assert.False(pod.GetProperty("enableServiceLinks").GetBoolean());
        Assert.False(pod.GetProperty("automountServiceAccountToken").GetBoolean());
        JsonElement security = pod.GetProperty("securityContext");
        Assert.True(security.GetProperty("runAsNonRoot").GetBoolean());
        Assert.Equal(1654, security.GetProperty("runAsUser").GetInt32());
        Assert.Equal(1654, security.GetProperty("fsGroup").GetInt32());
        Assert.Equal("RuntimeDefault", security.At("seccompProfile", "type").GetString());

        JsonElement container = Assert.Single(pod.GetProperty("containers").EnumerateArray());
        JsonElement confined = container.GetProperty("securityContext");
        Assert.False(confined.GetProperty("allowPrivilegeEscalation").GetBoolean());
        Assert.True(confined.GetProperty("readOnlyRootFilesystem").GetBoolean());
        Assert.Equal("ALL", Assert.Single(confined.At("capabilities", "drop").EnumerateArray()).GetString());
        Assert.Equal("/startupz", container.At("startupProbe", "httpGet", "path").GetString());
        Assert.Equal("/readyz", container.At("readinessProbe", "httpGet", "path").GetString());
        Assert.Equal("/livez", container.At("livenessProbe", "httpGet", "path").GetString());
    }

    private static async Task<JsonElement[]> RenderAsync(string overlay) => await YamlDocuments.ReadAsync(
        (await new Command("kubectl", "kubectl").RunAsync("kustomize", SourceTree.Locate($"{Folder}/overlays/{overlay}"))).StandardOutput);

    private static JsonElement Find(JsonElement[] objects, string kind, string name) => objects.Single(item =>
        item.GetProperty("kind").GetString() == kind && item.At("metadata", "name").GetString() == name);

    private static string[] Ports(JsonElement[] objects) =>
    [
        .. objects.Single(item => item.GetProperty("kind").GetString() == "Service").At("spec", "ports").EnumerateArray()
            .Select(port => port.GetProperty("name").GetString()!).Order(StringComparer.Ordinal),
    ];

    private static void AssertSelects(JsonElement selector, JsonElement labels) => Assert.True(Selects(selector, labels), $"{selector} does not select {labels}");

    private static bool Selects(JsonElement selector, JsonElement labels) => selector.EnumerateObject().All(label =>
        labels.TryGetProperty(label.Name, out JsonElement value) && value.GetString() == label.Value.GetString());

    private static JsonElement[] Members(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement members) ? [.. members.EnumerateArray()] : [];
}
