namespace Registry.Mirror.Status;

/// <summary>Answers to clients of a mirror, and removals.</summary>
/// <param name="Hits">Number of manifests and blobs that were here, asked for by GET or HEAD; a tag that the upstream has confirmed is one of them.</param>
/// <param name="Misses">Number of those that were fetched for the client.</param>
/// <param name="Stale">Number of tags that were answered although they may be old, since the upstream did not tell.</param>
/// <param name="Evicted">Number of manifests that were removed to make room.</param>
public readonly record struct PullCounts(long Hits, long Misses, long Stale, long Evicted);
