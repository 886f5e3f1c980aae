using System.Diagnostics.Metrics;
using Registry.Core.Collection;

namespace Registry.Server.Telemetry.Metrics;

/// <summary>Metrics of the cycles of the garbage collector.</summary>
internal sealed class CollectorMetrics
{
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _manifests;
    private readonly Counter<long> _links;
    private readonly Counter<long> _blobs;
    private readonly Counter<long> _failures;

    public CollectorMetrics(Meter meter)
    {
        _duration = meter.CreateHistogram(
            "registry.gc.duration",
            "s",
            "Duration of the cycles of the garbage collector; their count is that of the cycles.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.01, 0.1, 1, 10, 60, 600] });
        _manifests = meter.CreateCounter<long>(
            "registry.gc.manifests", "{manifest}", "Manifests that expired because their index or subject was deleted and nothing held them.");
        _links = meter.CreateCounter<long>("registry.gc.links", "{link}", "Links to blobs that expired because no manifest needed them.");
        _blobs = meter.CreateCounter<long>("registry.gc.blobs", "{blob}", "Blobs that were removed.");
        _failures = meter.CreateCounter<long>("registry.gc.failures", "{cycle}", "Cycles of the garbage collector that failed; see the server log.");
    }

    /// <summary>Creates the series of every counter before its first increase.</summary>
    public void BeginAtZero()
    {
        _manifests.Add(0);
        _links.Add(0);
        _blobs.Add(0);
        _failures.Add(0);
    }

    public void Ended(TimeSpan duration, Collected collected)
    {
        _duration.Record(duration.TotalSeconds);
        _manifests.Add(collected.Manifests);
        _links.Add(collected.Links);
        _blobs.Add(collected.Blobs);
    }

    public void Failed() => _failures.Add(1);
}
