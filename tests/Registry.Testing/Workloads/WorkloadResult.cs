namespace Registry.Testing.Workloads;

/// <summary>Result of a workload.</summary>
/// <param name="Elapsed">Duration of the run.</param>
/// <param name="Milliseconds">Durations of the successful iterations, the shortest first.</param>
/// <param name="Bytes">Bytes of blobs and manifests that were sent and received.</param>
/// <param name="Failures">Reasons of the failed iterations.</param>
public sealed record WorkloadResult(TimeSpan Elapsed, IReadOnlyList<double> Milliseconds, long Bytes, IReadOnlyList<string> Failures)
{
    /// <summary>Successful iterations per second.</summary>
    public double Rate => Milliseconds.Count / Elapsed.TotalSeconds;

    /// <summary>Percentile of the durations, in milliseconds; NaN without successful iterations.</summary>
    public double Percentile(int p) =>
        Milliseconds.Count == 0 ? double.NaN : Milliseconds[Math.Min(Milliseconds.Count - 1, Milliseconds.Count * p / 100)];
}
