namespace Registry.Mirror.Upstreams;

/// <summary>What follows from an <see cref="UpstreamFault"/>.</summary>
internal enum UpstreamFaultKind
{
    /// <summary>The upstream has it not: 404 to a request that may pull.</summary>
    Missing,

    /// <summary>It is not known whether the upstream has it: no connection, no answer in time, 401, 403, 429, 5xx, or an answer that cannot be understood.</summary>
    Away,

    /// <summary>The upstream sent bytes that are not what was asked for: another digest, another size, or more than is allowed.</summary>
    Wrong,
}
