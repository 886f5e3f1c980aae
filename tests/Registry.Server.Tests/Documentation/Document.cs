using System.Text.RegularExpressions;

namespace Registry.Server.Tests.Documentation;

/// <summary>A Markdown file of the project.</summary>
internal sealed partial class Document
{
    private static readonly string[] Foreign = ["bin", "obj", "data", "TestResults", "BenchmarkDotNet.Artifacts", "node_modules"];

    private readonly string _withoutCode;

    private Document(string path)
    {
        Path = path;
        Text = File.ReadAllText(path);
        _withoutCode = CodeBlock().Replace(Text, string.Empty);
    }

    /// <summary>Absolute path of the file.</summary>
    public string Path { get; }

    /// <summary>Path of the file from the root.</summary>
    public string Name => System.IO.Path.GetRelativePath(SourceTree.Root, Path).Replace('\\', '/');

    /// <summary>Text of the file.</summary>
    public string Text { get; }

    /// <summary>The targets of its links, outside of code.</summary>
    public IEnumerable<string> Links => Link().Matches(InlineCode().Replace(_withoutCode, "code")).Select(match => match.Groups["target"].Value);

    /// <summary>Anchors of links: its headings, in GitHub's spelling.</summary>
    public IEnumerable<string> Anchors => Heading().Matches(_withoutCode)
        .Select(match => NotInAnchor().Replace(match.Groups["text"].Value.Trim().ToLowerInvariant(), string.Empty).Replace(' ', '-'));

    /// <summary>The lines of its code blocks for a shell, without comments; continued lines are joined.</summary>
    public IEnumerable<string> Commands => CodeBlock().Matches(Text)
        .Where(match => match.Groups["language"].Value == "bash")
        .SelectMany(match => match.Groups["code"].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
        .Select(line => line.Trim())
        .Where(line => line.Length > 0 && !line.StartsWith('#'));

    /// <summary>Its code in backticks within the text.</summary>
    public IEnumerable<string> Code => InlineCode().Matches(_withoutCode).Select(match => match.Value.Trim('`'));

    public static Document Read(string name) => new(SourceTree.Locate(name));

    /// <summary>Every document of the project.</summary>
    public static IEnumerable<Document> All()
    {
        List<Document> all = [.. Files(SourceTree.Root).Select(path => new Document(path))];
        Assert.Contains(all, document => document.Name == "README.md");
        Assert.Contains(all, document => document.Name == "docs/api.md");
        return all;
    }

    /// <summary>The cells of every table row under a heading, up to the next heading of the same or a higher level. Backticks are removed.</summary>
    public IEnumerable<string[]> Rows(string heading)
    {
        var level = 0;
        foreach (var line in Text.Split('\n'))
        {
            if (Heading().Match(line) is { Success: true } match)
            {
                var depth = match.Groups["level"].Length;
                if (match.Groups["text"].Value.Trim() == heading)
                {
                    level = depth;
                }
                else if (depth <= level)
                {
                    level = 0;
                }
            }
            else if (level > 0 && line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| ---", StringComparison.Ordinal))
            {
                yield return [.. line.Trim().Trim('|').Split('|').Select(cell => cell.Trim().Trim('`'))];
            }
        }
    }

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder, "*.md").Concat(
        Directory.EnumerateDirectories(folder)
            .Where(child => System.IO.Path.GetFileName(child) is var name && !name.StartsWith('.') && !Foreign.Contains(name))
            .SelectMany(Files));

    [GeneratedRegex(@"^ *```(?<language>\w*)\n(?<code>.*?)^ *```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("`[^`\n]+`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\[[^\]]*\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^(?<level>#{1,6}) (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();
}
