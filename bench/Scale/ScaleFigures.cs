namespace Registry.Bench.Scale;

/// <summary>Figures of a registry of a given size.</summary>
/// <param name="ReadyMilliseconds">Time from the start of the process to its first page of tags; the median of several starts.</param>
/// <param name="Rows">Times of each kind of request.</param>
internal sealed record ScaleFigures(double ReadyMilliseconds, IReadOnlyList<(string Name, Timings Timings)> Rows)
{
    /// <summary>99th percentile of a kind of request, in milliseconds.</summary>
    public double P99(string name) => Rows.First(row => row.Name == name).Timings.Percentile(99);
}
