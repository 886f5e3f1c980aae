using System.Diagnostics.Metrics;
using Registry.Core.Collection;
using Registry.Core.Storage;

namespace Registry.Server.Telemetry.Metrics;

/// <summary>Metrics of the cycles of the garbage collector.</summary>
internal static class CollectorMetrics
{
    private static readonly Meter Meter = new(StorageMetrics.Name);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "registry.gc.duration",
        "s",
        "Duration of the cycles of the garbage collector; their count is that of the cycles.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.01, 0.1, 1, 10, 60, 600] });

    private static readonly Counter<long> Manifests = Meter.CreateCounter<long>(
        "registry.gc.manifests", "{manifest}", "Manifests that expired because their index or subject was deleted and nothing held them.");

    private static readonly Counter<long> Links = Meter.CreateCounter<long>(
        "registry.gc.links", "{link}", "Links to blobs that expired because no manifest needed them.");

    private static readonly Counter<long> Blobs = Meter.CreateCounter<long>("registry.gc.blobs", "{blob}", "Blobs that were removed.");

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "registry.gc.failures", "{cycle}", "Cycles of the garbage collector that failed; see the server log.");

    /// <summary>Creates the series of every counter before its first increase.</summary>
    public static void BeginAtZero()
    {
        Manifests.Add(0);
        Links.Add(0);
        Blobs.Add(0);
        Failures.Add(0);
    }

    public static void Ended(TimeSpan duration, Collected collected)
    {
        Duration.Record(duration.TotalSeconds);
        Manifests.Add(collected.Manifests);
        Links.Add(collected.Links);
        Blobs.Add(collected.Blobs);
    }

    public static void Failed() => Failures.Add(1);
}
