using System.Text.Json;
using Registry.Testing;

namespace Registry.Interop.Tests.Packages;

/// <summary>YAML as JSON, read by Python's parser, since .NET has none.</summary>
internal static class YamlDocuments
{
    public static async Task<JsonElement[]> ReadAsync(string yaml)
    {
        using var folder = new TemporaryFolder("yaml");
        string file = folder.File("file.yaml");
        await File.WriteAllTextAsync(file, yaml, TestContext.Current.CancellationToken);
        var python = new Command("python3", "python3-yaml");
        string json = (await python.RunAsync(
            "-c", "import json, sys, yaml; print(json.dumps(list(filter(None, yaml.safe_load_all(open(sys.argv[1]))))))", file)).StandardOutput;
        return [.. JsonSerializer.Deserialize<JsonElement[]>(json)!];
    }

    /// <summary>The only document of a file of the source tree.</summary>
    public static async Task<JsonElement> ReadFileAsync(string path) =>
        Assert.Single(await ReadAsync(await File.ReadAllTextAsync(SourceTree.Locate(path), TestContext.Current.CancellationToken)));

    /// <summary>Value at a path of member names or element numbers.</summary>
    public static JsonElement At(this JsonElement element, params string[] path) => path.Aggregate(
        element, (at, name) => int.TryParse(name, out int index) ? at[index] : at.GetProperty(name));
}
