using System.Text.Json;
using System.Text.RegularExpressions;
using Registry.Interop.Tests.OptionalClients;
using Registry.Testing;

namespace Registry.Interop.Tests.Packages;

/// <summary>The chart of deploy/helm: its structure, and its rendered output when helm is installed.</summary>
public sealed partial class HelmChartTests
{
    private const string Chart = "deploy/helm/registry";

    private static readonly string[] Switches = ["users.enabled", "tls.enabled", "monitoring.enabled", "backup.enabled"];

    private static IEnumerable<string> Templates =>
        Directory.EnumerateFiles(SourceTree.Locate($"{Chart}/templates")).Select(File.ReadAllText);

    [Fact]
    public async Task Templates_use_the_values_that_there_are_and_all_of_them()
    {
        JsonElement values = await YamlDocuments.ReadFileAsync($"{Chart}/values.yaml");
        string[] used = [.. Templates.SelectMany(text => Value.Matches(text).Select(match => match.Groups["path"].Value)).Distinct()];

        Assert.All(used, path => Assert.True(Exists(values, path.Split('.')), $"a template uses .Values.{path}, which values.yaml does not have"));
        Assert.All(Leaves(values, ""), leaf => Assert.True(
            used.Any(path => leaf == path || leaf.StartsWith(path + ".", StringComparison.Ordinal)), $"values.yaml has {leaf}, which no template uses"));
    }

    [Fact]
    public void Every_block_of_a_template_is_closed() => Assert.All(Templates, text => Assert.Equal(
        Opening.Count(text), Closing.Count(text)));

    [Fact]
    public void Every_template_that_is_included_is_defined()
    {
        string all = string.Concat(Templates);

        Assert.Equal(
            Defined.Matches(all).Select(match => match.Groups["name"].Value).Order(StringComparer.Ordinal),
            Included.Matches(all).Select(match => match.Groups["name"].Value).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_chart_has_the_version_of_the_registry()
    {
        JsonElement chart = await YamlDocuments.ReadFileAsync($"{Chart}/Chart.yaml");

        Assert.Equal(Server.ProductVersion.Text, chart.GetProperty("version").GetString());
        Assert.Equal(Server.ProductVersion.Text, chart.GetProperty("appVersion").GetString());
    }

    [Fact]
    public async Task The_chart_says_the_same_as_the_files_for_kustomize()
    {
        JsonElement values = await YamlDocuments.ReadFileAsync($"{Chart}/values.yaml");
        JsonElement deployment = await YamlDocuments.ReadFileAsync("deploy/kubernetes/base/deployment.yaml");
        JsonElement ingress = await YamlDocuments.ReadFileAsync("deploy/kubernetes/components/ingress/ingress.yaml");
        JsonElement job = await YamlDocuments.ReadFileAsync("deploy/kubernetes/components/backup/cron-job.yaml");
        JsonElement nodes = await YamlDocuments.ReadFileAsync("deploy/kubernetes/components/nodes/deployment.yaml");
        JsonElement claim = await YamlDocuments.ReadFileAsync("deploy/kubernetes/base/claim.yaml");

        AssertSame(deployment.At("spec", "template", "spec", "containers", "0", "resources"), values.GetProperty("resources"));
        AssertSame(ingress.At("metadata", "annotations"), values.At("ingress", "annotations"));
        AssertSame(job.At("spec", "schedule"), values.At("backup", "schedule"));
        AssertSame(job.At("spec", "jobTemplate", "spec", "template", "spec", "containers", "0", "image"), values.At("backup", "image"));
        AssertSame(nodes.At("spec", "replicas"), values.At("nodes", "replicas"));
        AssertSame(claim.At("spec", "accessModes", "0"), values.At("persistence", "accessMode"));
        AssertSame(claim.At("spec", "resources", "requests", "storage"), values.At("persistence", "size"));
        // The pod itself is text of the template; every line of its security context is one of kustomize's.
        string[] lines = [.. File.ReadAllLines(SourceTree.Locate("deploy/kubernetes/base/deployment.yaml")).Select(line => line.Trim())];
        string[] template = [.. File.ReadAllLines(SourceTree.Locate($"{Chart}/templates/deployment.yaml")).Select(line => line.Trim())];
        Assert.All(
            ["enableServiceLinks: false", "automountServiceAccountToken: false", "terminationGracePeriodSeconds: 60", "runAsNonRoot: true", "runAsUser: 1654",
                "runAsGroup: 1654", "fsGroup: 1654", "allowPrivilegeEscalation: false", "readOnlyRootFilesystem: true", "drop: [ALL]", "type: Recreate",
                "path: /startupz", "path: /readyz", "path: /livez", "mountPath: /data"],
            line =>
            {
                Assert.Contains(line, lines);
                Assert.Contains(line, template);
            });
    }

    [OptionalClientFact("helm")]
    public async Task Helm_finds_no_fault_in_the_chart() => _ = await Helm.RunAsync("lint", "--strict", SourceTree.Locate(Chart));

    [OptionalClientFact("helm")]
    public async Task Helm_renders_objects_that_belong_together()
    {
        string[] set = [.. Switches.SelectMany(name => (string[])["--set", $"{name}=true"])];

        CommandResult rendered = await Helm.RunAsync(["template", "registry", SourceTree.Locate(Chart), .. set]);

        KubernetesTests.AssertSingle(await YamlDocuments.ReadAsync(rendered.StandardOutput));
    }

    [OptionalClientFact("helm")]
    public async Task Helm_renders_many_nodes() => KubernetesTests.AssertNodes(await YamlDocuments.ReadAsync((await Helm.RunAsync(
        "template", "registry", SourceTree.Locate(Chart), "--set", "users.enabled=true,ingress.enabled=true,monitoring.enabled=true,nodes.enabled=true")).StandardOutput));

    [OptionalClientFact("helm")]
    public async Task Helm_leaves_the_number_of_nodes_to_an_autoscaler() => Assert.DoesNotContain("replicas:", (await Helm.RunAsync(
        "template", "registry", SourceTree.Locate(Chart), "--set", "nodes.enabled=true,nodes.replicas=null")).StandardOutput, StringComparison.Ordinal);

    [OptionalClientFact("helm")]
    public async Task Helm_refuses_a_backup_of_nodes()
    {
        CommandResult refused = await Helm.TryRunAsync("template", "registry", SourceTree.Locate(Chart), "--set", "nodes.enabled=true,backup.enabled=true");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("there is no volume to back up", refused.AllOutput, StringComparison.Ordinal);
    }

    private static Command Helm => new("helm", "helm");

    private static void AssertSame(JsonElement expected, JsonElement actual) => Assert.True(
        JsonElement.DeepEquals(expected, actual), $"{actual} is not {expected}");

    private static bool Exists(JsonElement element, ReadOnlySpan<string> path) =>
        path.IsEmpty || (element.ValueKind == JsonValueKind.Object && element.TryGetProperty(path[0], out JsonElement child) && Exists(child, path[1..]));

    private static IEnumerable<string> Leaves(JsonElement element, string path) =>
        element.ValueKind == JsonValueKind.Object && element.EnumerateObject().Any()
            ? element.EnumerateObject().SelectMany(member => Leaves(member.Value, path.Length == 0 ? member.Name : $"{path}.{member.Name}"))
            : [path];

    [GeneratedRegex(@"\.Values\.(?<path>[A-Za-z.]*[A-Za-z])")]
    private static partial Regex Value { get; }

    [GeneratedRegex(@"\{\{-? (?:if|with|range|define) ")]
    private static partial Regex Opening { get; }

    [GeneratedRegex(@"\{\{-? end -?\}\}")]
    private static partial Regex Closing { get; }

    [GeneratedRegex("define \"(?<name>[^\"]+)\"")]
    private static partial Regex Defined { get; }

    [GeneratedRegex("include \"(?<name>[^\"]+)\"")]
    private static partial Regex Included { get; }
}
