using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Registry.Bench.Peers;
using Registry.Bench.Targets;

namespace Registry.Bench.Reports;

/// <summary>
/// The figures of the project's README, which are those of the last recorded run. <c>RecordedFigureTests</c> compares them.
/// </summary>
internal static partial class ReadmeFigures
{
    // The text of a row, and the measured work.
    private static readonly (string Text, string Target, string Work)[] Rows =
    [
        ("Manifest GET by tag, 32 connections", "P4", "GET manifest by tag, 32 connections"),
        ("Pull of small images, 8 at once", "P6", "pull small images, 8 at once"),
        ("Push of small images, 8 at once, synced", "P6", "push small images, 8 at once"),
        ("PUT of a 1 GiB layer, synced", "P2", "PUT 1 GiB, one stream"),
    ];

    /// <summary>Replaces the table and the link to the run. Does nothing without distribution to compare with.</summary>
    /// <param name="readme">Path of the README.</param>
    /// <param name="folder">Name of the folder of the run.</param>
    /// <param name="run">The run.</param>
    public static void Update(string readme, string folder, TargetRun run)
    {
        if (run.Plain.Distribution is not { } peer)
        {
            return;
        }

        var table = new StringBuilder();
        foreach (var (text, target, work) in Rows)
        {
            var ours = run.Board.Rates(target, work, RegistryServer.Name);
            var theirs = run.Board.Rates(target, work, peer.Name);
            var ratio = Spread.Of(ours.Keys.Intersect(theirs.Keys).Select(round => ours[round] / theirs[round])).Median;
            var unit = target == "P2" ? "MB/s" : "/s";
            table.Append(CultureInfo.InvariantCulture, $"| {text} | {Spread.Of(ours.Values).Median:N0} {unit} | {Spread.Of(theirs.Values).Median:N0} {unit} | {ratio:0.0} × |\n");
        }

        var content = File.ReadAllText(readme);
        content = Table().Replace(content, match => match.Groups["head"].Value + table, 1);
        File.WriteAllText(readme, Link().Replace(content, $"perf-results/{folder}/README.md", 1));
    }

    [GeneratedRegex(@"(?<head>\| \| Registry \| CNCF distribution \| Ratio \|\n\|[-:| ]+\|\n)(?:\|.*\n)+")]
    private static partial Regex Table();

    [GeneratedRegex(@"perf-results/[0-9]{4}-[0-9a-f-]+/README\.md")]
    private static partial Regex Link();
}
