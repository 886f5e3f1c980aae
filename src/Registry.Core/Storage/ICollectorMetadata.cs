using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>The metadata as the garbage collector uses it. Times are seconds of <see cref="RunningClock"/>.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface ICollectorMetadata
{
    /// <summary>When promises that a process had made from memory were last lost, because it was killed; null when that never happened.</summary>
    long? PromisesLostAt { get; }

    /// <summary>Saves the running clock, and restarts the grace period of links whose blobs were promised to somebody.</summary>
    Task RenewAsync(IReadOnlyCollection<Digest> digests);

    /// <summary>
    /// Removes links that no manifest of their repository has needed since before a time, which has passed, but none whose blob is promised.
    /// </summary>
    /// <returns>What was removed; fewer than <paramref name="limit"/> when nothing is left to remove.</returns>
    Task<IReadOnlyList<BlobLink>> ExpireLinksAsync(long idleBefore, Predicate<Digest> isPromised, int limit);

    /// <summary>The links that <see cref="ExpireLinksAsync"/> would remove, as far as their blobs are not promised; the oldest first.</summary>
    Task<IReadOnlyList<LinkRecord>> ListIdleAsync(long idleBefore, int limit);

    /// <summary>How many links would expire, and how many blobs nothing links to any more.</summary>
    Task<(long Links, long Blobs)> CountRemovableAsync(long idleBefore);

    /// <summary>How many links and how many blobs there are at all; takes longer when there are more.</summary>
    Task<(long Links, long Blobs)> CountAllAsync();

    /// <summary>Why a blob or manifest is still there.</summary>
    /// <param name="digest">The blob or manifest.</param>
    /// <param name="limit">How much of each kind is named at most.</param>
    Task<BlobExplanation> ExplainAsync(Digest digest, int limit);

    /// <summary>Blobs that nothing links to any more, those whose removal was cut short included.</summary>
    Task<IReadOnlyList<Digest>> ListOrphansAsync(int limit);

    /// <summary>
    /// Those of some digests that the metadata has no record of: they are not stored as far as it knows, and no manifest mentions them.
    /// </summary>
    Task<IReadOnlyList<Digest>> FindUnknownAsync(IReadOnlyList<Digest> digests);

    /// <summary>Marks an orphan for removal; false when somebody needs it after all. The caller holds the digest's lock.</summary>
    Task<bool> CondemnAsync(Digest digest);

    /// <summary>Forgets a condemned blob whose bytes are gone. The caller holds the digest's lock.</summary>
    Task ForgetAsync(Digest digest);
}
