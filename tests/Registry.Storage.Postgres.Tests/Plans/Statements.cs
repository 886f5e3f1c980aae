using System.Reflection;
using System.Text.RegularExpressions;

namespace Registry.Storage.Postgres.Tests.Plans;

/// <summary>The statements of the engine, as its source has them.</summary>
internal static partial class Statements
{
    private const string Source = "src/Registry.Storage.Postgres";

    private static readonly Assembly Engine = typeof(PostgresDatabase).Assembly;

    private static IEnumerable<string> Files => SourceTree.Files(Source).Where(file => !file.StartsWith($"{Source}/Schema/", StringComparison.Ordinal));

    /// <summary>All statements, without those of the schema.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Files.SelectMany(Find).Distinct()];

    /// <summary>Number of the lines that have a statement, or a part of one.</summary>
    public static int Lines => Files.SelectMany(SourceTree.Lines).Count(line => Verb().IsMatch(line));

    private static IEnumerable<string> Find(string file) => Literal().Matches(string.Join('\n', SourceTree.Lines(file)))
        .Select(literal => Hole().Replace(literal.Groups["sql"].Value, hole => ValueOf(Path.GetFileNameWithoutExtension(file), hole.Groups[1].Value)))
        .Select(sql => Whitespace().Replace(sql, " ").Trim());

    // A constant of the class of the file, or of the class that is named.
    private static string ValueOf(string owner, string name)
    {
        var parts = name.Split('.');
        var (type, constant) = parts.Length == 2 ? (parts[0], parts[1]) : (owner, name);
        return Engine.GetTypes().Single(one => one.Name == type)
            .GetField(constant, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)?.GetRawConstantValue()?.ToString()
            ?? throw new InvalidOperationException($"{{{name}}} in a statement of {owner}.cs is no constant.");
    }

    [GeneratedRegex("""
        \"{3}\s*(?<sql>(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b.*?)\"{3}|(?<!")"(?<sql>(?:SELECT|INSERT|UPDATE|DELETE|WITH) [^"\n]*)"
        """, RegexOptions.Singleline)]
    private static partial Regex Literal();

    [GeneratedRegex(@"\{([\w.]+)\}")]
    private static partial Regex Hole();

    [GeneratedRegex(@"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM) ")]
    private static partial Regex Verb();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
