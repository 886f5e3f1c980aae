using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Registry.Core.Storage;

/// <summary>
/// Metrics of a storage. Their meter belongs to one host, so that several hosts of a process are counted apart. While nothing listens, measuring costs
/// next to nothing and allocates nothing.
/// </summary>
public sealed class StorageMetrics
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

    private readonly Histogram<double> _commitDuration;
    private readonly Counter<long> _mutations;
    private readonly Histogram<double> _syncDuration;
    private readonly Counter<long> _cacheLookups;

    /// <summary>Creates the instruments.</summary>
    /// <param name="meter">Meter of the host.</param>
    public StorageMetrics(Meter meter)
    {
        ArgumentNullException.ThrowIfNull(meter);
        _commitDuration = meter.CreateHistogram(
            "registry.metadata.commit.duration", "s", "Duration of the commits of the metadata, sync included.", advice: DiskTimes);
        _mutations = meter.CreateCounter<long>(
            "registry.metadata.mutations", "{mutation}", "Changes of the metadata that were committed; many share a commit.");
        _syncDuration = meter.CreateHistogram(
            "registry.storage.sync.duration", "s", "Duration of the syncs of blobs and their folders.", advice: DiskTimes);
        _cacheLookups = meter.CreateCounter<long>("registry.cache.lookups", "{lookup}", "Lookups of pulls in the caches in memory.");
    }

    /// <summary>Source of traces that do not belong to a request.</summary>
    public static ActivitySource Activities { get; } = new(Name);

    /// <summary>Creates the series of every counter before there is anything to count.</summary>
    public void BeginAtZero()
    {
        _mutations.Add(0);
        foreach (var cache in new[] { MetadataCache, ContentCache })
        {
            _cacheLookups.Add(0, cache, Hit);
            _cacheLookups.Add(0, cache, Miss);
        }
    }

    /// <summary>Records a commit of the metadata.</summary>
    /// <param name="startedAt">Beginning of the commit, as a timestamp of <see cref="Stopwatch"/>.</param>
    /// <param name="mutations">Number of changes in the commit.</param>
    public void Committed(long startedAt, int mutations)
    {
        _commitDuration.Record(Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
        _mutations.Add(mutations);
    }

    /// <summary>Records a sync.</summary>
    /// <param name="startedAt">Beginning of the sync, as a timestamp of <see cref="Stopwatch"/>.</param>
    /// <param name="isFolder">True for a folder, false for a file.</param>
    public void Synced(long startedAt, bool isFolder) =>
        _syncDuration.Record(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, isFolder ? FolderSync : DataSync);

    internal void LookedUpMetadata(bool isHit) => _cacheLookups.Add(1, MetadataCache, isHit ? Hit : Miss);

    internal void LookedUpContent(bool isHit) => _cacheLookups.Add(1, ContentCache, isHit ? Hit : Miss);
}
