namespace Registry.Bench.Reports;

/// <summary>A row of the first table: a target and the measured figures.</summary>
/// <param name="Target">P1 to P14.</param>
/// <param name="Work">The measured work.</param>
/// <param name="Ours">Figure of the registry.</param>
/// <param name="Peer">The other server; empty for a figure without comparison.</param>
/// <param name="Theirs">Figure of the other server.</param>
/// <param name="Ratio">Ratio of the two figures: the median of the rounds, and the lowest and highest.</param>
/// <param name="Bound">The target.</param>
/// <param name="IsMet">True when the target is met; null when it was not measured.</param>
internal sealed record Verdict(string Target, string Work, string Ours, string Peer, string Theirs, string Ratio, string Bound, bool? IsMet);
