namespace Registry.Testing.Workloads;

/// <summary>Wrong response to a request of a workload.</summary>
public sealed class WorkloadException(string message) : Exception(message);
