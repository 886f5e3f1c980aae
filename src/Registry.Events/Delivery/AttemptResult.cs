namespace Registry.Events.Delivery;

/// <summary>Result of an attempt to deliver an event.</summary>
/// <param name="Status">Status of the answer; null without one.</param>
/// <param name="Fault">Why the attempt failed, as the predicate of a sentence about the endpoint; null if it succeeded.</param>
/// <param name="Pause">Time for which the endpoint wants no requests; null if it does not say.</param>
/// <param name="Milliseconds">Time that it took.</param>
internal readonly record struct AttemptResult(int? Status, string? Fault, TimeSpan? Pause, long Milliseconds);
