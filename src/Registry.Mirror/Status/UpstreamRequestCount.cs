using Registry.Mirror.Upstreams.Requests;

namespace Registry.Mirror.Status;

/// <summary>Number of requests to an upstream of a kind with an outcome. Those that were repeated count once.</summary>
/// <param name="Kind"><c>manifest</c>, <c>blob</c>, <c>tags</c> or <c>referrers</c>.</param>
/// <param name="Outcome"><c>given</c>, <c>missing</c>, <c>away</c>, <c>wrong</c> (other bytes than asked for), <c>refused</c> (not sent, since the upstream is away) or <c>cancelled</c>.</param>
/// <param name="Count">The number.</param>
public readonly record struct UpstreamRequestCount(string Kind, string Outcome, long Count)
{
    private static readonly (UpstreamRequestKind Value, string Word)[] Kinds =
    [
        (UpstreamRequestKind.Manifest, "manifest"), (UpstreamRequestKind.Blob, "blob"), (UpstreamRequestKind.Tags, "tags"), (UpstreamRequestKind.Referrers, "referrers"),
    ];

    private static readonly (UpstreamOutcome Value, string Word)[] Outcomes =
    [
        (UpstreamOutcome.Given, "given"), (UpstreamOutcome.Missing, "missing"), (UpstreamOutcome.Away, "away"),
        (UpstreamOutcome.Wrong, "wrong"), (UpstreamOutcome.Refused, "refused"), (UpstreamOutcome.Cancelled, "cancelled"),
    ];

    internal static IReadOnlyList<UpstreamRequestCount> Read(UpstreamCounters counters) =>
    [
        .. Kinds.SelectMany(kind => Outcomes.Select(outcome => new UpstreamRequestCount(kind.Word, outcome.Word, counters.Requests(kind.Value, outcome.Value)))),
    ];
}
