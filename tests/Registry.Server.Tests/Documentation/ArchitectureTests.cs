using Registry.Core;

namespace Registry.Server.Tests.Documentation;

/// <summary>docs/architecture.md names all that a newcomer looks for: each folder of the sources, each port, each group of commands.</summary>
public sealed class ArchitectureTests
{
    private static readonly Document Architecture = Document.Read("docs/architecture.md");

    private static readonly HashSet<string> Names = [.. Architecture.Code.SelectMany(code => code.Split('/'))];

    [Fact]
    public void Each_folder_of_a_project_is_named() =>
        Assert.DoesNotContain(Directory.EnumerateDirectories(SourceTree.Locate("src")).SelectMany(FoldersOf), folder => !Names.Contains(Path.GetFileName(folder)));

    [Fact]
    public void Each_group_of_commands_is_named() =>
        Assert.DoesNotContain(FoldersOf(SourceTree.Locate("src", "Registry.Server", "Commands")), folder => !Names.Contains(Path.GetFileName(folder)));

    [Fact]
    public void Each_port_has_a_row()
    {
        var ports = Architecture.Rows("Ports").Skip(1).SelectMany(row => row[0].Split('`', ',', ' ')).ToHashSet();
        Assert.DoesNotContain(typeof(StoragePorts).GetProperties().Select(property => property.PropertyType), type => type.IsInterface && !ports.Contains(type.Name));
    }

    private static IEnumerable<string> FoldersOf(string folder) =>
        Directory.EnumerateDirectories(folder).Where(path => Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories).Any() && Path.GetFileName(path) is not ("bin" or "obj"));
}
