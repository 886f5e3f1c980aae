namespace Registry.Files;

/// <summary>A known cause of a fault. Its log line has a reason and a remedy instead of a stack trace.</summary>
/// <param name="Reason">Clause for the operator, such as <c>the disk is full</c>; the same for all faults with this cause.</param>
/// <param name="Remedy">What the operator can do, as a sentence without its full stop.</param>
public sealed record FaultCause(string Reason, string Remedy);
