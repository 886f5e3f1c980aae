using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Registry.Core.Storage;

/// <summary>
/// Metrics of the storage. The instruments belong to the process, as is usual in .NET. While nothing listens, measuring costs next to nothing and
/// allocates nothing.
/// </summary>
public static class StorageMetrics
{
    /// <summary>Name of all meters and of the source of traces.</summary>
    public const string Name = "Registry";

    // A sync takes from some 50 µs (a battery-backed cache) to seconds (a failing disk).
    private static readonly InstrumentAdvice<double> DiskTimes = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private static readonly KeyValuePair<string, object?> Hit = new("registry.result", "hit");
    private static readonly KeyValuePair<string, object?> Miss = new("registry.result", "miss");
    private static readonly KeyValuePair<string, object?> MetadataCache = new("registry.cache", "metadata");
    private static readonly KeyValuePair<string, object?> ContentCache = new("registry.cache", "content");
    private static readonly KeyValuePair<string, object?> DataSync = new("registry.sync", "data");
    private static readonly KeyValuePair<string, object?> FolderSync = new("registry.sync", "folder");

    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> CommitDuration = Meter.CreateHistogram(
        "registry.metadata.commit.duration", "s", "Duration of the commits of the metadata, sync included.", advice: DiskTimes);

    private static readonly Counter<long> Mutations = Meter.CreateCounter<long>(
        "registry.metadata.mutations", "{mutation}", "Changes of the metadata that were committed; many share a commit.");

    private static readonly Histogram<double> SyncDuration = Meter.CreateHistogram(
        "registry.storage.sync.duration", "s", "Duration of the syncs of blobs and their folders.", advice: DiskTimes);

    private static readonly Counter<long> CacheLookups = Meter.CreateCounter<long>(
        "registry.cache.lookups", "{lookup}", "Lookups of pulls in the caches in memory.");

    /// <summary>Source of traces that do not belong to a request.</summary>
    public static ActivitySource Activities { get; } = new(Name);

    /// <summary>Creates the series of every counter before there is anything to count.</summary>
    public static void BeginAtZero()
    {
        Mutations.Add(0);
        foreach (var cache in new[] { MetadataCache, ContentCache })
        {
            CacheLookups.Add(0, cache, Hit);
            CacheLookups.Add(0, cache, Miss);
        }
    }

    /// <summary>Records a commit of the metadata.</summary>
    /// <param name="startedAt">Beginning of the commit, as a timestamp of <see cref="Stopwatch"/>.</param>
    /// <param name="mutations">Number of changes in the commit.</param>
    public static void Committed(long startedAt, int mutations)
    {
        CommitDuration.Record(Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
        Mutations.Add(mutations);
    }

    /// <summary>Records a sync.</summary>
    /// <param name="startedAt">Beginning of the sync, as a timestamp of <see cref="Stopwatch"/>.</param>
    /// <param name="isFolder">True for a folder, false for a file.</param>
    public static void Synced(long startedAt, bool isFolder) =>
        SyncDuration.Record(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, isFolder ? FolderSync : DataSync);

    internal static void LookedUpMetadata(bool isHit) => CacheLookups.Add(1, MetadataCache, isHit ? Hit : Miss);

    internal static void LookedUpContent(bool isHit) => CacheLookups.Add(1, ContentCache, isHit ? Hit : Miss);
}
