namespace Registry.Mirror.Upstreams.Requests;

/// <summary>End of a request to an upstream, with its repetitions.</summary>
internal enum UpstreamOutcome
{
    /// <summary>The upstream has given it.</summary>
    Given,

    /// <summary><see cref="UpstreamFaultKind.Missing"/>.</summary>
    Missing,

    /// <summary><see cref="UpstreamFaultKind.Away"/>.</summary>
    Away,

    /// <summary><see cref="UpstreamFaultKind.Wrong"/>.</summary>
    Wrong,

    /// <summary>Nothing was sent, because the upstream does not work.</summary>
    Refused,

    /// <summary>The caller no longer wants the answer.</summary>
    Cancelled,
}
