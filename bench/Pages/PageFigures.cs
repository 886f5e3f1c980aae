using System.Globalization;
using Registry.Bench.Scale;

namespace Registry.Bench.Pages;

/// <summary>What an address takes, against target P16 (docs/performance.md).</summary>
/// <param name="User">The user; empty without a log-in.</param>
/// <param name="Name">The page.</param>
/// <param name="Timings">Times of the page alone, as the client sees them.</param>
/// <param name="Page">Bytes that the server sends for the page, with the head of the answer.</param>
/// <param name="View">The same for the first view of a browser: with the style sheet, the script and the icon.</param>
/// <param name="Requests">Number of requests of the first view, with the stream of an activity.</param>
internal sealed record PageFigures(string User, string Name, Timings Timings, long Page, long View, int Requests)
{
    public const string Head = "| As | Page | p50 ms | p99 ms | CPU ms | KB | KB, first view | Requests | |\n|---|---|---:|---:|---:|---:|---:|---:|---|";

    private const double LongestMilliseconds = 50;
    private const long LargestView = 60_000;

    // The API has no first view.
    private bool IsView => Requests > 1;

    /// <summary>What misses the target; empty for nothing.</summary>
    public string Miss => string.Join(", ", new[] { Timings.Percentile(99) > LongestMilliseconds ? "slow" : null, IsView && View > LargestView ? "large" : null }.OfType<string>());

    /// <summary>A row of the table.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"| {User} | {Name} | {Timings.Percentile(50):0.0} | {Timings.Percentile(99):0.0} | {Timings.Cpu:0.0} | {Page / 1000.0:0.0} | {View / 1000.0:0.0} | {Requests} | {Miss} |");
}
