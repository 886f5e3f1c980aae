namespace Registry.Bench.Reports;

/// <summary>A row of the first table: a target beside what was measured.</summary>
/// <param name="Target">P1 to P9.</param>
/// <param name="Work">What was done.</param>
/// <param name="Ours">Our figure.</param>
/// <param name="Peer">Who it is compared with; empty for a figure that stands alone.</param>
/// <param name="Theirs">Their figure.</param>
/// <param name="Ratio">Ours to theirs, the median of the rounds and the lowest and highest.</param>
/// <param name="Bound">What is demanded.</param>
/// <param name="IsMet">Whether it is so; null when it was not measured.</param>
internal sealed record Verdict(string Target, string Work, string Ours, string Peer, string Theirs, string Ratio, string Bound, bool? IsMet);
