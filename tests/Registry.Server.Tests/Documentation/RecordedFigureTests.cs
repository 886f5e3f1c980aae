using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Registry.Server.Tests.Documentation;

/// <summary>The figures of the README are those of the last recorded run of the targets.</summary>
public sealed partial class RecordedFigureTests
{
    private const string Ours = "Registry";

    // Row of the README, target, work.
    public static TheoryData<string, string, string> Figures => new()
    {
        { "Manifest GET by tag, 32 connections", "P4", "GET manifest by tag, 32 connections" },
        { "Pull of small images, 8 at once", "P6", "pull small images, 8 at once" },
        { "Push of small images, 8 at once, synced", "P6", "push small images, 8 at once" },
        { "PUT of a 1 GiB layer, synced", "P2", "PUT 1 GiB, one stream" },
    };

    [Fact]
    public void The_table_has_these_figures_and_no_others() => Assert.Equal(
        Figures.Select(row => row.Data.Item1), Document.Read("README.md").Rows("How fast it is").Skip(1).Select(row => row[0]));

    [Theory]
    [MemberData(nameof(Figures))]
    public void Each_figure_is_the_median_of_the_run(string text, string target, string work)
    {
        var row = Assert.Single(Document.Read("README.md").Rows("How fast it is"), row => row[0] == text);
        var samples = Samples().Where(sample => sample.Target == target && sample.Work == work).ToLookup(sample => sample.Contestant);
        var ours = samples[Ours].ToDictionary(sample => sample.Round, sample => sample.Rate);
        var theirs = samples["distribution"].ToDictionary(sample => sample.Round, sample => sample.Rate);
        var ratio = Median(ours.Keys.Intersect(theirs.Keys).Select(round => ours[round] / theirs[round]));

        Assert.Equal(
            (Figure(Median(ours.Values)), Figure(Median(theirs.Values)), string.Create(CultureInfo.InvariantCulture, $"{ratio:0.0} ×")),
            (Number().Match(row[1]).Value, Number().Match(row[2]).Value, row[3]));
    }

    [Fact]
    public void The_link_leads_to_the_last_run_of_the_targets() =>
        Assert.Contains($"perf-results/{LastRun()}/README.md", Document.Read("README.md").Links);

    // The last entry of the index whose folder has samples.
    private static string LastRun() => Document.Read("perf-results/README.md").Links.Select(link => link.Split('/')[0])
        .Last(folder => File.Exists(SamplesOf(folder)));

    private static string SamplesOf(string folder) => SourceTree.Locate("perf-results", folder, "samples.json");

    private static List<Sample> Samples()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(SamplesOf(LastRun())));
        return [.. json.RootElement.GetProperty("Samples").EnumerateArray().Select(sample => new Sample(
            sample.GetProperty("Target").GetString()!,
            sample.GetProperty("Work").GetString()!,
            sample.GetProperty("Contestant").GetString()!,
            sample.GetProperty("Round").GetInt32(),
            sample.GetProperty("Rate").GetDouble()))];
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Figure(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    [GeneratedRegex("^[0-9,]+")]
    private static partial Regex Number();

    private sealed record Sample(string Target, string Work, string Contestant, int Round, double Rate);
}
