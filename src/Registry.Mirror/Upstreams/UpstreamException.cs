namespace Registry.Mirror.Upstreams;

/// <summary>A fault of an upstream, on its way to the caller of <see cref="IUpstream"/>.</summary>
/// <param name="kind">What follows from it.</param>
/// <param name="reason">See <see cref="UpstreamFault.Reason"/>.</param>
/// <param name="cause">The exception behind it.</param>
internal sealed class UpstreamException(UpstreamFaultKind kind, string reason, Exception? cause = null) : Exception(reason, cause)
{
    /// <summary>The fault.</summary>
    public UpstreamFault Fault => field ??= new(kind, Message, Shown);

    /// <summary>See <see cref="UpstreamFault.Shown"/>.</summary>
    public string? Shown { get; init; }

    /// <summary>True if the same request may succeed at once.</summary>
    public bool IsPassing { get; init; }

    /// <summary>True if every request would fail now: the host cannot be reached, is silent, is broken, or asks for a pause.</summary>
    public bool IsOutage { get; init; }

    /// <summary>True if no request was sent, because an earlier one has met this fault.</summary>
    public bool IsRefusal { get; init; }

    /// <summary>Time for which the host wants no requests; null if it does not say.</summary>
    public TimeSpan? Pause { get; init; }
}
