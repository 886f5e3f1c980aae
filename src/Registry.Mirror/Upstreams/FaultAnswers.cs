using Registry.Core.Errors;

namespace Registry.Mirror.Upstreams;

/// <summary>Answers to clients about faults of an upstream.</summary>
internal static class FaultAnswers
{
    /// <summary>The error of a fault.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="missing">Error for what the upstream does not have.</param>
    public static RegistryError Describe(UpstreamFault fault, RegistryErrorCode missing) =>
        fault.Kind == UpstreamFaultKind.Missing ? new RegistryError(missing, fault.ForClients) : new RegistryError(RegistryErrorCode.UpstreamAway, fault.ForClients);
}
