namespace Registry.Core.Policies.Retention;

/// <summary>What the runs of a retention have done since this process began, for metrics. Previews do not count.</summary>
/// <param name="Tags">Number of tags that were deleted.</param>
/// <param name="Manifests">Number of manifests without a tag that were deleted.</param>
/// <param name="Refused">Number of runs that deleted nothing, since they would have deleted too much.</param>
/// <param name="LastKept">Number of tags and manifests without a tag that the last complete run kept.</param>
/// <param name="LastRun">End of the last complete run, as Unix time in seconds; 0 before the first.</param>
public sealed record RetentionTotals(long Tags, long Manifests, long Refused, long LastKept, long LastRun)
{
    /// <summary>Before the first run.</summary>
    public static RetentionTotals None { get; } = new(0, 0, 0, 0, 0);

    /// <summary>Adds a run, which may have been interrupted.</summary>
    /// <param name="report">What it has done.</param>
    /// <param name="endedAt">When it ended; null if it was interrupted.</param>
    internal RetentionTotals Add(RetentionReport report, DateTimeOffset? endedAt)
    {
        var sum = this with { Tags = Tags + report.DeletedTags, Manifests = Manifests + report.DeletedManifests };
        return endedAt is { } at ? sum with { LastKept = report.AllKept, LastRun = at.ToUnixTimeSeconds() } : sum;
    }
}
