namespace Registry.Bench.Scale;

/// <summary>What a registry of some size was measured to do.</summary>
/// <param name="ReadyMilliseconds">From the start of the process to its first page of tags, the median of some starts.</param>
/// <param name="Rows">How long each kind of request took.</param>
internal sealed record ScaleFigures(double ReadyMilliseconds, IReadOnlyList<(string Name, Timings Timings)> Rows)
{
    /// <summary>Milliseconds that 99 of 100 requests of a kind took at the most.</summary>
    public double P99(string name) => Rows.First(row => row.Name == name).Timings.Percentile(99);
}
