using System.Collections.Concurrent;
using Registry.Mirror.Pulls;

namespace Registry.Mirror.Status;

/// <summary>Counts answers and removals for each upstream, by its name.</summary>
internal sealed class PullCounters
{
    private readonly ConcurrentDictionary<string, Counts> _counts = new(StringComparer.Ordinal);

    /// <summary>Counts an answer with a manifest.</summary>
    public void Answered(string upstream, Freshness freshness)
    {
        var counts = Of(upstream);
        Interlocked.Increment(ref (freshness.Stale is not null ? ref counts.Stale : ref (freshness.IsFetched ? ref counts.Misses : ref counts.Hits)));
    }

    /// <summary>Counts an answer with a blob.</summary>
    public void AnsweredBlob(string upstream, bool wasHere)
    {
        var counts = Of(upstream);
        Interlocked.Increment(ref (wasHere ? ref counts.Hits : ref counts.Misses));
    }

    /// <summary>Counts manifests that were removed to make room.</summary>
    public void Evicted(string upstream, int manifests) => Interlocked.Add(ref Of(upstream).Evicted, manifests);

    /// <summary>The counts of an upstream.</summary>
    public PullCounts Read(string upstream)
    {
        var counts = Of(upstream);
        return new PullCounts(Interlocked.Read(ref counts.Hits), Interlocked.Read(ref counts.Misses), Interlocked.Read(ref counts.Stale), Interlocked.Read(ref counts.Evicted));
    }

    private Counts Of(string upstream) => _counts.GetOrAdd(upstream, _ => new Counts());

    private sealed class Counts
    {
        public long Hits;
        public long Misses;
        public long Stale;
        public long Evicted;
    }
}
