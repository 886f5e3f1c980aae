using System.Text.RegularExpressions;
using Registry.Testing;

namespace Registry.Interop.Tests.Packages;

/// <summary>Commands and configurations of the guides, so that tests run the documented ones.</summary>
internal static partial class InstallGuide
{
    /// <summary>Returns the blocks of a language below a heading of the second level, unchanged.</summary>
    /// <param name="heading">The heading.</param>
    /// <param name="language">The language.</param>
    /// <param name="page">File of the page.</param>
    public static IReadOnlyList<string> Blocks(string heading, string language, string page = "docs/install.md")
    {
        string section = File.ReadAllText(SourceTree.Locate(page)).Split("\n## ").Single(part => part.StartsWith(heading + "\n", StringComparison.Ordinal));
        return [.. Block.Matches(section).Where(match => match.Groups["language"].Value == language).Select(match => match.Groups["text"].Value)];
    }

    /// <summary>The arguments of each call of a program below a heading, with placeholder names replaced.</summary>
    public static IReadOnlyList<string[]> Calls(string heading, string program, params (string Written, string Meant)[] names) =>
    [
        .. Blocks(heading, "bash")
            .SelectMany(block => block.Replace("\\\n", "", StringComparison.Ordinal).Split('\n'))
            .Where(line => line.StartsWith(program + " ", StringComparison.Ordinal))
            .Select(line => Replace(line, names).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]),
    ];

    /// <summary>A text of the guide with placeholder names replaced.</summary>
    /// <exception cref="InvalidOperationException">The text does not have one of the names: the guide has changed.</exception>
    public static string Replace(string text, params (string Written, string Meant)[] names)
    {
        foreach ((string written, string meant) in names)
        {
            text = text.Contains(written, StringComparison.Ordinal)
                ? text.Replace(written, meant, StringComparison.Ordinal)
                : throw new InvalidOperationException($"the document no longer says '{written}' here:\n{text}");
        }
        return text;
    }

    [GeneratedRegex("^ *```(?<language>\\w+)\n(?<text>.*?)^ *```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block { get; }
}
