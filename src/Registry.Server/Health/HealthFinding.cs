namespace Registry.Server.Health;

/// <summary>Result of a check. It is public, so the reason names no path, repository or user; the log does.</summary>
/// <param name="Name">Name of the check.</param>
/// <param name="State">Its result.</param>
/// <param name="Reason">The reason of a warning or failure; null when all is well.</param>
internal sealed record HealthFinding(string Name, HealthState State = HealthState.Ok, string? Reason = null);
