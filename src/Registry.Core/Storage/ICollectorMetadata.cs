using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>The metadata as the garbage collector uses it. Times are seconds of <see cref="RunningClock"/>.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface ICollectorMetadata
{
    /// <summary>When promises that a process had made from memory were last lost, because it was killed; null when that never happened.</summary>
    long? PromisesLostAt { get; }

    /// <summary>Saves the running clock, and restarts the grace period of the links and manifests of digests that were promised to a client.</summary>
    Task RenewAsync(IReadOnlyCollection<Digest> digests);

    /// <summary>
    /// The manifests that nothing has held since before a time; the oldest first, those that stay all the same after the others.
    /// </summary>
    /// <param name="idleBefore">The time.</param>
    /// <param name="withRoots">Whether to list those that stay all the same (<see cref="ManifestRecord.IsRoot"/>).</param>
    /// <param name="limit">How many at most.</param>
    Task<IReadOnlyList<ManifestRecord>> ListIdleManifestsAsync(long idleBefore, bool withRoots, int limit);

    /// <summary>
    /// Removes those of some manifests of a repository that nothing has held since before a time, but none that is promised. What they alone
    /// held becomes idle.
    /// </summary>
    /// <returns>What was removed.</returns>
    Task<IReadOnlyList<Digest>> ExpireManifestsAsync(
        RepositoryName repository, IReadOnlyList<Digest> digests, long idleBefore, bool withRoots, Predicate<Digest> isPromised);

    /// <summary>
    /// Removes links that no manifest of their repository has needed since before a time, which has passed, but none whose blob is promised.
    /// </summary>
    /// <returns>What was removed; fewer than <paramref name="limit"/> when nothing is left to remove.</returns>
    Task<IReadOnlyList<BlobLink>> ExpireLinksAsync(long idleBefore, Predicate<Digest> isPromised, int limit);

    /// <summary>The links that <see cref="ExpireLinksAsync"/> would remove, as far as their blobs are not promised; the oldest first.</summary>
    Task<IReadOnlyList<LinkRecord>> ListIdleAsync(long idleBefore, int limit);

    /// <summary>How many manifests and links would expire, and how many blobs nothing links to any more.</summary>
    Task<CollectorCounts> CountRemovableAsync(long idleBefore);

    /// <summary>How much there is at all; takes longer when there is more.</summary>
    Task<CollectorCounts> CountAllAsync();

    /// <summary>
    /// The bytes that would be removed when everything that may expire did, promised or not; takes longer when more is stored.
    /// </summary>
    /// <param name="idleBefore">What has been idle since before this expires.</param>
    /// <param name="limit">How many are listed at most.</param>
    Task<RemovableBlobs> ListRemovableBlobsAsync(long idleBefore, int limit);

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
