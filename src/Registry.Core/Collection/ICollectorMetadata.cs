using Registry.Core.Changes;
using Registry.Core.Collection.Records;
using Registry.Core.Oci;
using Registry.Core.Promises;
using Registry.Core.Storage;

namespace Registry.Core.Collection;

/// <summary>Metadata for the garbage collector. Times are seconds of the <see cref="IGraceClock"/>.</summary>
/// <remarks>
/// A member with a grace period finds what has been idle for longer, in whole seconds, and reads the clock in the statement that compares the idle times. What a
/// mutation decides on is as in <c>IMetadataStore</c>. Every member throws <see cref="StorageException"/> when the storage fails.
/// </remarks>
public interface ICollectorMetadata
{
    /// <summary>End of the latest pause of the collection that was saved before this process began; 0 if there was none (<see cref="CollectionPause"/>).</summary>
    long PausedUntil { get; }

    /// <summary>Saves how far the clock is, for the process that follows, and the end of the pause, unless one that ends later is saved.</summary>
    /// <returns>End of the latest pause that is saved, also by another process.</returns>
    Task<long> SaveClockAsync(long pausedUntil);

    /// <summary>
    /// Lists manifests that were pushed or deleted, some of whose referrers are not held or released yet; the oldest push or deletion first. Those
    /// referrers do not expire.
    /// </summary>
    Task<IReadOnlyList<UnsettledSubject>> ListUnsettledSubjectsAsync(int limit);

    /// <summary>
    /// Holds or releases some of the referrers that the push or deletion of their subject has left: few enough that other changes do not wait for long.
    /// Decides on the manifest of the subject, and on what holds each of the referrers.
    /// </summary>
    /// <returns>True if some are left; false if all are settled, or their subject has been pushed or deleted again.</returns>
    Task<bool> SettleReferrersAsync(UnsettledSubject unsettled);

    /// <summary>
    /// Lists the manifests that nothing has held for longer than the grace period: the oldest first, and those pushed by themselves after the others.
    /// </summary>
    /// <param name="grace">The grace period.</param>
    /// <param name="withRoots">True to list those pushed by themselves, too (<see cref="ManifestRecord.IsRoot"/>).</param>
    /// <param name="limit">Number of manifests at most.</param>
    Task<IReadOnlyList<ManifestRecord>> ListIdleManifestsAsync(TimeSpan grace, bool withRoots, int limit);

    /// <summary>
    /// Removes those of the given manifests of a repository that nothing has held for longer than the grace period. Content that only they held becomes idle.
    /// Decides on the idle time of each, on whether its subject is settled, and on what else needs its references.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digests">The manifests.</param>
    /// <param name="grace">The grace period.</param>
    /// <param name="withRoots">
    /// True to delete them for an operator: also those pushed by themselves, unless a rule about changes refuses it. False to let them expire, which no rule
    /// prevents.
    /// </param>
    /// <param name="origin">Origin of the change.</param>
    /// <returns>The removed manifests.</returns>
    Task<IReadOnlyList<Digest>> ExpireManifestsAsync(
        RepositoryName repository,
        IReadOnlyList<Digest> digests,
        TimeSpan grace,
        bool withRoots,
        ChangeOrigin origin);

    /// <summary>Lists the entries of the trash that are older than a period, the oldest first.</summary>
    /// <param name="period">The period, in whole seconds; zero for all entries.</param>
    /// <param name="limit">Number of entries at most.</param>
    Task<IReadOnlyList<TrashRecord>> ListOldTrashAsync(TimeSpan period, int limit);

    /// <summary>
    /// Removes those of the given entries of the trash of a repository that are older than a period. Content that only they held becomes idle. Decides as the deletion
    /// of each manifest.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digests">The manifests.</param>
    /// <param name="period">The period, in whole seconds; zero for all entries.</param>
    /// <returns>The removed entries.</returns>
    Task<IReadOnlyList<Digest>> ExpireTrashAsync(RepositoryName repository, IReadOnlyList<Digest> digests, TimeSpan period);

    /// <summary>
    /// Removes links that no manifest of their repository has needed for longer than the grace period. Decides on the idle time of each link, and on whether
    /// another link or manifest has its blob.
    /// </summary>
    /// <returns>The removed links; fewer than <paramref name="limit"/> if none is left to remove.</returns>
    Task<IReadOnlyList<BlobLink>> ExpireLinksAsync(TimeSpan grace, int limit, ChangeOrigin origin);

    /// <summary>Lists the links that <see cref="ExpireLinksAsync"/> would remove; the oldest first.</summary>
    Task<IReadOnlyList<LinkRecord>> ListIdleAsync(TimeSpan grace, int limit);

    /// <summary>Counts the manifests and links that would expire, and the blobs without a link.</summary>
    Task<CollectorCounts> CountRemovableAsync(TimeSpan grace);

    /// <summary>Counts everything; takes longer in a larger registry.</summary>
    Task<CollectorCounts> CountAllAsync();

    /// <summary>
    /// Lists the bytes that would be removed if everything that may expire did; takes longer in a larger registry.
    /// </summary>
    /// <param name="grace">The grace period.</param>
    /// <param name="limit">Number of listed blobs at most.</param>
    Task<RemovableBlobs> ListRemovableBlobsAsync(TimeSpan grace, int limit);

    /// <summary>Explains why a blob or manifest is kept.</summary>
    /// <param name="digest">The blob or manifest.</param>
    /// <param name="limit">Number of entries of each kind at most.</param>
    Task<BlobExplanation> ExplainAsync(Digest digest, int limit);

    /// <summary>Lists blobs without a link, including those whose removal was interrupted.</summary>
    Task<IReadOnlyList<Digest>> ListOrphansAsync(int limit);

    /// <summary>
    /// Finds the digests that the metadata does not record: they are not stored as far as it knows, and no manifest mentions them.
    /// </summary>
    Task<IReadOnlyList<Digest>> FindUnknownAsync(IReadOnlyList<Digest> digests);

    /// <summary>Marks an orphan for removal. Decides on whether a link or manifest has it. The caller holds the digest's fence.</summary>
    /// <returns>Place of the bytes to remove; null if they are needed after all.</returns>
    Task<BlobPlace?> CondemnAsync(Digest digest);

    /// <summary>Forgets a condemned blob whose bytes are gone, unless it was pushed again. The caller holds the digest's fence.</summary>
    Task ForgetAsync(Digest digest);
}
