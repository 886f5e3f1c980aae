using System.Diagnostics.Metrics;
using Registry.Mirror;
using Registry.Mirror.Status;

namespace Registry.Server.Telemetry.Metrics;

/// <summary>Metrics of the mirror, by upstream, from the state that it keeps anyway. Every upstream of the configuration has all series from the start.</summary>
internal static class MirrorGauges
{
    /// <summary>Adds the instruments to a meter.</summary>
    public static void AddTo(Meter meter, MirrorPulls mirror)
    {
        meter.CreateObservableCounter(
            "registry.mirror.answers",
            () => mirror.ReadStatus().SelectMany(one => new[] { Answers(one, "hit", one.Pulls.Hits), Answers(one, "miss", one.Pulls.Misses), Answers(one, "stale", one.Pulls.Stale) }),
            "{answer}",
            "Manifests and blobs that clients were answered with, by where they were.");
        meter.CreateObservableCounter(
            "registry.mirror.requests",
            () => mirror.ReadStatus().SelectMany(one => one.Requests.Select(requests => new Measurement<long>(
                requests.Count, new("registry.kind", requests.Kind), new("registry.result", requests.Outcome), Upstream(one)))),
            "{request}",
            "Requests to upstreams, by what they asked for and how they ended.");
        meter.CreateObservableCounter("registry.mirror.received", () => Each(one => one.Received), "By", "Bytes that were read from upstreams.");
        meter.CreateObservableCounter("registry.mirror.evicted", () => Each(one => one.Pulls.Evicted), "{manifest}", "Manifests that were removed to make room.");
        meter.CreateObservableUpDownCounter("registry.mirror.fetches", () => Each(one => one.Fetches), "{fetch}", "Fetches of blobs in progress.");
        meter.CreateObservableUpDownCounter("registry.mirror.readers", () => Each(one => one.Readers), "{reader}", "Clients that follow fetches in progress.");
        meter.CreateObservableGauge("registry.mirror.away", () => Each(one => one.Away is null ? 0 : 1), null, "1 while no requests are sent because the upstream does not work, else 0.");
        meter.CreateObservableGauge(
            "registry.mirror.limit.remaining",
            () => mirror.ReadStatus().Where(one => one.RemainingRateLimit is not null).Select(one => new Measurement<long>(one.RemainingRateLimit!.Value, Upstream(one))),
            "{pull}",
            "Pulls that are left in the period of the upstream; absent while it does not say.");

        IEnumerable<Measurement<long>> Each(Func<UpstreamStatus, long> read) => mirror.ReadStatus().Select(one => new Measurement<long>(read(one), Upstream(one)));
    }

    private static Measurement<long> Answers(UpstreamStatus one, string result, long count) => new(count, new("registry.result", result), Upstream(one));

    private static KeyValuePair<string, object?> Upstream(UpstreamStatus one) => new("registry.upstream", one.Settings.Name);
}
