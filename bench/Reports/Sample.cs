namespace Registry.Bench.Reports;

/// <summary>One measurement of one contestant: the raw material of every table.</summary>
/// <param name="Target">P1 to P9.</param>
/// <param name="Work">What was done.</param>
/// <param name="Contestant">Who did it.</param>
/// <param name="Round">Samples of one round were taken in turn, within the same minute.</param>
/// <param name="Unit">What <paramref name="Amount"/> counts.</param>
/// <param name="Amount">How much was done.</param>
/// <param name="Seconds">In which time.</param>
/// <param name="CpuSeconds">Processor time of the server, user and system.</param>
/// <param name="PeakBytes">The most memory that was resident meanwhile.</param>
/// <param name="P99Milliseconds">99 of 100 requests took less; null where nobody looked.</param>
internal sealed record Sample(
    string Target, string Work, string Contestant, int Round, Unit Unit, double Amount, double Seconds, double CpuSeconds, long PeakBytes,
    double? P99Milliseconds)
{
    /// <summary>Amount a second: MB/s for bytes.</summary>
    public double Rate => Amount / Seconds / Unit.RateDivisor();

    /// <summary>Processor time for the work: CPU-s/GiB for bytes, CPU-µs for one of anything else.</summary>
    public double Cost => CpuSeconds / Amount * Unit.CostFactor();
}
