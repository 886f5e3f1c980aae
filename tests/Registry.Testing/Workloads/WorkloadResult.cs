namespace Registry.Testing.Workloads;

/// <summary>What came of a workload.</summary>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Milliseconds">How long each iteration took that succeeded, the shortest first.</param>
/// <param name="Bytes">What was sent and received of blobs and manifests.</param>
/// <param name="Failures">Why the others did not.</param>
public sealed record WorkloadResult(TimeSpan Elapsed, IReadOnlyList<double> Milliseconds, long Bytes, IReadOnlyList<string> Failures)
{
    /// <summary>Iterations that succeeded, a second.</summary>
    public double Rate => Milliseconds.Count / Elapsed.TotalSeconds;

    /// <summary>What a share of the iterations took at most, in milliseconds; not a number without any.</summary>
    public double Percentile(int p) =>
        Milliseconds.Count == 0 ? double.NaN : Milliseconds[Math.Min(Milliseconds.Count - 1, Milliseconds.Count * p / 100)];
}
