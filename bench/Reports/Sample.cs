namespace Registry.Bench.Reports;

/// <summary>One measurement of one server.</summary>
/// <param name="Target">P1 to P14.</param>
/// <param name="Work">The measured work.</param>
/// <param name="Contestant">Name of the server.</param>
/// <param name="Round">Samples of one round were taken in turn, within the same minute.</param>
/// <param name="Unit">Unit of <paramref name="Amount"/>.</param>
/// <param name="Amount">Amount of work.</param>
/// <param name="Seconds">Duration in seconds.</param>
/// <param name="CpuSeconds">Processor time of the server, user and system.</param>
/// <param name="PeakBytes">Peak of the resident memory during the work, in bytes.</param>
/// <param name="P99Milliseconds">Time that 99 of 100 requests did not exceed; null when it was not measured.</param>
/// <param name="ClientCpuSeconds">Processor time of the client, user and system.</param>
internal sealed record Sample(
    string Target, string Work, string Contestant, int Round, Unit Unit, double Amount, double Seconds, double CpuSeconds, long PeakBytes,
    double? P99Milliseconds, double ClientCpuSeconds)
{
    /// <summary>Amount a second: MB/s for bytes.</summary>
    public double Rate => Amount / Seconds / Unit.RateDivisor();

    /// <summary>Cores that the client kept busy: near its number of threads, it limits the rate more than the server does.</summary>
    public double ClientCores => ClientCpuSeconds / Seconds;

    /// <summary>Processor time for the work: CPU-s/GiB for bytes, CPU-µs for one of anything else.</summary>
    public double Cost => CpuSeconds / Amount * Unit.CostFactor();
}
