namespace Registry.Mirror.Upstreams;

/// <summary>Reason for which an upstream has not given what was asked for.</summary>
/// <param name="Kind">What follows from it.</param>
/// <param name="Reason">A clause for people that names the upstream, such as <c>docker.io answered 429 Too Many Requests</c>; it has no credentials.</param>
/// <param name="Shown">The same for clients, which need not know the addresses and files of the operator; null if they may have the reason.</param>
internal sealed record UpstreamFault(UpstreamFaultKind Kind, string Reason, string? Shown = null)
{
    /// <summary>The clause for clients.</summary>
    public string ForClients => Shown ?? Reason;
}
