namespace Registry.Testing.Workloads;

/// <summary>An answer under load that is not the right one.</summary>
public sealed class WorkloadException(string message) : Exception(message);
