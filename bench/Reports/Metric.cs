namespace Registry.Bench.Reports;

/// <summary>Figure of a sample that is compared.</summary>
internal enum Metric
{
    /// <summary>Work a second; more is better.</summary>
    Rate,

    /// <summary>Processor time for the work; less is better.</summary>
    Cost,
}
