using System.Text;
using Registry.Files;
using Registry.Server.Configuration;

namespace Registry.Server.Commands.Migrate;

/// <summary>
/// File with the settings of a registry, one <c>NAME=value</c> a line, as container engines and systemd read it. Lines that begin with <c>#</c> are comments, and
/// quotes around a whole value are removed. Nothing comes from the environment of the process.
/// </summary>
internal static class EnvironmentFile
{
    /// <summary>Reads the settings. The faults name the file, and the line where that is known.</summary>
    public static LoadedOptions Read(string path)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var faults = new List<string>();
        try
        {
            Parse(path, Encoding.UTF8.GetString(OperatorFile.Read(path)).TrimStart('\uFEFF'), values, faults);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            faults.Add($"{path} cannot be read: {IoFault.Reason(e, path)}");
        }

        var loaded = OptionsReader.Read(values);
        return new LoadedOptions(
            loaded.Options, faults.Count > 0 ? faults : [.. loaded.Faults.Select(fault => $"{path}: {fault}")], [.. loaded.Warnings.Select(warning => $"{path}: {warning}")]);
    }

    private static void Parse(string path, string text, Dictionary<string, string> values, List<string> faults)
    {
        var number = 0;
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim()))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var end = line.IndexOf('=', StringComparison.Ordinal);
            var name = end < 0 ? line : line[..end].TrimEnd();
            if (end < 0)
            {
                faults.Add($"{path} line {number}: '{Start(line)}' is not a line NAME=value");
            }
            else if (!VariableNames.All.Contains(name))
            {
                faults.Add(Spelling.Nearest(name.ToUpperInvariant(), VariableNames.All) is { } nearest
                    ? $"{path} line {number}: {name} is not a setting; did you mean {nearest}?"
                    : $"{path} line {number}: {name} is not a setting, so it would have no effect; remove the line");
            }
            else if (!values.TryAdd(name, Unquote(line[(end + 1)..].TrimStart())))
            {
                faults.Add($"{path} line {number}: {name} is set in an earlier line, too; remove one of them");
            }
        }
    }

    // A line without a name may be a part of a secret.
    private static string Start(string line) => line.Length > 8 ? $"{line[..8]}…" : line;

    private static string Unquote(string value) =>
        value.Length >= 2 && value[0] is '"' or '\'' && value[^1] == value[0] ? value[1..^1] : value;
}
