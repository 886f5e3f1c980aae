namespace Registry.Mirror.Upstreams;

/// <summary>Reason for which an upstream has not given what was asked for.</summary>
/// <param name="Kind">What follows from it.</param>
/// <param name="Reason">A clause for people that names the upstream, such as <c>docker.io answered 429 Too Many Requests</c>; it has no credentials.</param>
internal sealed record UpstreamFault(UpstreamFaultKind Kind, string Reason);
