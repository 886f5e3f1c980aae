namespace Registry.Bench.Wire;

/// <summary>Result of a <see cref="RequestLoop"/>.</summary>
/// <param name="Requests">Number of answers.</param>
/// <param name="Elapsed">Duration of the loop.</param>
/// <param name="P50">Median time of a request, in milliseconds.</param>
/// <param name="P99">99th percentile, in milliseconds.</param>
internal sealed record LoopResult(int Requests, TimeSpan Elapsed, double P50, double P99);
