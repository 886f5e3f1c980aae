namespace Registry.Server.Api.Maintenance;

/// <summary>The maintenance jobs of this process that are remembered.</summary>
/// <param name="Jobs">The last one first. At most one of them runs.</param>
internal sealed record JobListAnswer(IReadOnlyList<JobAnswer> Jobs);
