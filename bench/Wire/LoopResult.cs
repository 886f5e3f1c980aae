namespace Registry.Bench.Wire;

/// <summary>What a <see cref="RequestLoop"/> has seen.</summary>
/// <param name="Requests">How many answers.</param>
/// <param name="Elapsed">In which time.</param>
/// <param name="P50">Half of them took less, in milliseconds.</param>
/// <param name="P99">99 of 100 took less, in milliseconds.</param>
internal sealed record LoopResult(int Requests, TimeSpan Elapsed, double P50, double P99);
