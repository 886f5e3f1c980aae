using System.Text.RegularExpressions;

namespace Registry.Server.Tests.Documentation;

/// <summary>The documents for engineers name types, members and folders that exist.</summary>
public sealed partial class NamedTypeTests
{
    private static readonly string[] Folders = ["src", "tests", "bench"];

    // Words of the code of each file, without its comments, by the type that it is called after.
    private static readonly ILookup<string, HashSet<string>> Sources = Folders.SelectMany(SourceTree.Files).ToLookup(
        file => Path.GetFileName(file).Split('.')[0],
        file => SourceTree.Lines(file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal))
            .SelectMany(line => Word().Matches(line)).Select(match => match.Value).ToHashSet());

    private static readonly HashSet<string> Known =
        [.. Sources.SelectMany(files => files).SelectMany(words => words), .. Folders.SelectMany(SourceTree.Files).SelectMany(file => file.Split('/'))];

    [Theory]
    [InlineData("docs/architecture.md", 250)]
    [InlineData("CONTRIBUTING.md", 10)]
    public void Types_members_and_folders_that_a_document_names_exist(string document, int atLeast)
    {
        var names = Document.Read(document).Code.Where(code => Name().IsMatch(code)).Distinct().ToList();

        Assert.InRange(names.Count, atLeast, int.MaxValue);
        Assert.DoesNotContain(names, name => !Exists(name));
    }

    // A member must be in the file of its type. Types of the framework are known by their use.
    private static bool Exists(string name)
    {
        var parts = name.Split('.');
        return Array.TrueForAll(parts, Known.Contains)
            && (parts.Length == 1 || !Sources.Contains(parts[0]) || Sources[parts[0]].Any(words => words.Contains(parts[1])));
    }

    [GeneratedRegex(@"^[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*(\.[A-Z][A-Za-z0-9]*)*$")]
    private static partial Regex Name();

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Word();
}
