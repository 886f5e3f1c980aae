using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Registry.Interop.Tests.Documentation;

/// <summary>
/// Commands of a document as one shell session, from top to bottom: its blocks of bash. A block of text below shows their output. The
/// invisible comment <c>&lt;!-- exit code 1 --&gt;</c> above tells that the last command fails.
/// </summary>
internal sealed partial class Walkthrough(IEnumerable<Step> steps)
{
    private const string Mark = "@@ step ";

    public IReadOnlyList<Step> Steps { get; } = [.. steps];

    /// <summary>Reads a document.</summary>
    /// <param name="markdown">Its text.</param>
    public static Walkthrough Parse(string markdown)
    {
        var steps = new List<Step>();
        foreach (Match block in Block.Matches(markdown))
        {
            string code = block.Groups["code"].Value;
            if (block.Groups["language"].Value == "bash")
            {
                int exitCode = block.Groups["exit"] is { Success: true, Value: var text } ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
                steps.Add(new Step(code, exitCode, null));
            }
            else
            {
                Assert.True(steps is [.., { Expected: null }], $"Nothing prints this, or two blocks show it:\n{code}");
                steps[^1] = steps[^1] with { Expected = code };
            }
        }
        return new Walkthrough(steps);
    }

    /// <summary>Creates a bash script of all steps, which ends at the first command with an undocumented exit code.</summary>
    public string ToScript()
    {
        // Errors go where output goes, so that they keep their place. Settings of the user who runs the tests do not apply to the reader.
        var script = new StringBuilder("exec 2>&1\nset -e -o pipefail\nunset \"${!REGISTRY_@}\"\n");
        for (var i = 0; i < Steps.Count; i++)
        {
            _ = script.Append(CultureInfo.InvariantCulture, $"echo '{Mark}{i}'\n");
            _ = Steps[i].ExitCode == 0
                ? script.Append(Steps[i].Commands)
                : script.Append(CultureInfo.InvariantCulture, $"set +e\n{Steps[i].Commands}[ $? = {Steps[i].ExitCode} ] || exit 99\nset -e\n");
        }
        return script.ToString();
    }

    /// <summary>Compares the output of the session with the document.</summary>
    /// <param name="output">Output of the script of <see cref="ToScript"/>.</param>
    /// <returns>Differences of the executed steps, in readable form.</returns>
    public IEnumerable<string> Differences(string output)
    {
        foreach (string part in output.Split(Mark).Skip(1))
        {
            int end = part.IndexOf('\n', StringComparison.Ordinal);
            Step step = Steps[int.Parse(end < 0 ? part : part[..end], CultureInfo.InvariantCulture)];
            string printed = end < 0 ? "" : part[(end + 1)..];
            if (step.Expected is { } expected && !Pattern(expected).IsMatch(printed.TrimEnd('\n') + '\n'))
            {
                yield return $"{step.Commands}printed\n{printed}instead of\n{expected}";
            }
        }
    }

    private static Regex Pattern(string expected)
    {
        IEnumerable<string> lines = expected.TrimEnd('\n').Split('\n').Select(
            line => line == "…" ? "(?:.*\n)*?" : Regex.Escape(line).Replace("…", ".*", StringComparison.Ordinal) + "\n");
        return new Regex($@"\A{string.Concat(lines)}\z");
    }

    [GeneratedRegex(
        @"^(?:<!-- exit code (?<exit>\d+) -->\n)?```(?<language>bash|text)\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block { get; }
}
