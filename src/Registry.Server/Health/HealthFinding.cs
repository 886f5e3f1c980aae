namespace Registry.Server.Health;

/// <summary>The outcome of a check. Anybody may read it, so the reason names no path, no repository and no user; those are in the log.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="State">What was found.</param>
/// <param name="Reason">Why; null when all is well.</param>
internal sealed record HealthFinding(string Name, HealthState State = HealthState.Ok, string? Reason = null);
