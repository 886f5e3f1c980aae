namespace Registry.Server.Api.Maintenance;

/// <summary>The maintenance of this process that is remembered.</summary>
/// <param name="ReadOnly">True while the read-only mode is on.</param>
/// <param name="Jobs">The jobs, the last one first. At most one of them runs.</param>
internal sealed record JobListAnswer(bool ReadOnly, IReadOnlyList<JobAnswer> Jobs);
