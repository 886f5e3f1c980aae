using Registry.Mirror.Configuration;

namespace Registry.Mirror.Status;

/// <summary>State of an upstream, and what this process has done with it. Counts begin at the start, and at a change of the settings of the upstream.</summary>
public sealed record UpstreamStatus
{
    /// <summary>Its settings.</summary>
    public required UpstreamSettings Settings { get; init; }

    /// <summary>Reason for which no requests are sent, a clause for people; null while they are.</summary>
    public required string? Away { get; init; }

    /// <summary>Time of the first fault of this absence; null while requests are sent.</summary>
    public required DateTimeOffset? AwaySince { get; init; }

    /// <summary>Number of fetches of blobs at the moment.</summary>
    public required int Fetches { get; init; }

    /// <summary>Number of clients that follow them.</summary>
    public required int Readers { get; init; }

    /// <summary>Answers to clients, and removals.</summary>
    public required PullCounts Pulls { get; init; }

    /// <summary>Number of bytes that were read from the upstream.</summary>
    public required long Received { get; init; }

    /// <summary>Number of pulls that the upstream grants in a period; null if it does not say.</summary>
    public required long? RateLimit { get; init; }

    /// <summary>Number of pulls that are left in the period; null if the upstream does not say.</summary>
    public required long? RemainingRateLimit { get; init; }

    /// <summary>Requests to the upstream: every kind with every outcome.</summary>
    public required IReadOnlyList<UpstreamRequestCount> Requests { get; init; }
}
