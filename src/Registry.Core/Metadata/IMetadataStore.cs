using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Storage;

namespace Registry.Core.Metadata;

/// <summary>
/// Metadata of the registry: its repositories, their manifests and tags, and the blobs that each may see. Every mutation is atomic, and
/// durable when its task ends; the changes it makes are recorded with their origin (<see cref="IChangeFeed"/>). A rule (<see cref="IChangeRules"/>) may
/// refuse it: the error is the answer, and nothing has changed.
/// </summary>
/// <remarks>
/// <para>
/// Every mutation says which records it decides on. An engine whose transactions run at the same time locks them first, in the order of their digests, and
/// decides afterwards; one with a single writer has nothing to lock. "What needs a blob" are the references of the manifests of the repository, and "what
/// holds a manifest" are its tags, the references of other manifests of the repository, and its subject. A manifest in the trash needs and holds as one that is not.
/// </para>
/// <para>
/// A blob that nothing needs, and a manifest that nothing holds, has an idle time, which begins in the mutation that removes the last need or hold, and ends
/// in the one that adds one. Only the collector removes content for its idle time, in a mutation that decides on it.
/// </para>
/// <para>Every member throws <see cref="StorageException"/> when the storage fails.</para>
/// </remarks>
public interface IMetadataStore
{
    /// <summary>Reason why changes and listings of all repositories are refused now; null while they are possible.</summary>
    RegistryError? Refusal { get; }

    /// <summary>Finds a manifest; null if the repository has none with this tag or digest.</summary>
    Task<StoredManifest?> FindManifestAsync(RepositoryName repository, Reference reference);

    /// <summary>
    /// Checks whether a manifest could be recorded now. Nothing changes, and the bytes need not be stored. <see cref="PutManifestAsync"/> checks
    /// again.
    /// </summary>
    /// <returns>
    /// The recorded manifest if the repository has it already, or in the trash for <see cref="ManifestPut.FromTrash"/>, null if not; or PRECONDITION_FAILED,
    /// MANIFEST_BLOB_UNKNOWN, MANIFEST_UNKNOWN (<see cref="ManifestPut.MustExist"/>, <see cref="ManifestPut.FromTrash"/>), or the refusal of a rule.
    /// </returns>
    Task<Result<StoredBlob?>> CheckManifestAsync(ManifestPut put);

    /// <summary>
    /// Records a manifest whose bytes are stored or come with it, sets its tags, and creates the repository if needed. Decides on the links and manifests that it
    /// refers to, on its tags and the manifests that they leave, on the manifest itself and its subject, and on whether all referrers of that are settled. If the
    /// manifest is in the trash, its entry ends, without its tags.
    /// </summary>
    /// <returns>
    /// Tags that referred to another manifest before, or still do (<see cref="ManifestPut.OnlyNewTags"/>); or PRECONDITION_FAILED, MANIFEST_BLOB_UNKNOWN, MANIFEST_UNKNOWN
    /// (<see cref="ManifestPut.MustExist"/>, <see cref="ManifestPut.FromTrash"/>), or the refusal of a rule. Null, without a change, if the subject of the manifest was deleted and its other referrers must be released first
    /// (<see cref="ReleaseReferrersAsync"/>).
    /// </returns>
    Task<Result<IReadOnlyList<MovedTag>?>> PutManifestAsync(ManifestPut put);

    /// <summary>
    /// Releases some referrers of a subject that was deleted. There may be very many, so the caller repeats this until none is left, and holds nothing
    /// meanwhile for which other callers wait. Decides on the subject, and on what holds each of the referrers.
    /// </summary>
    /// <returns>True if some are left; false if all are released, or the subject exists.</returns>
    Task<bool> ReleaseReferrersAsync(RepositoryName repository, Digest subject);

    /// <summary>
    /// Removes a manifest with all its tags (by digest), or only a tag (by tag). Decides on the manifest and its tags, on what else needs the blobs and
    /// holds the manifests that it refers to, on what else holds its referrers, and on whether anything still has their bytes and its own.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="reference">The manifest, or the tag.</param>
    /// <param name="precondition">Condition on the manifest.</param>
    /// <param name="origin">Origin of the deletion.</param>
    /// <param name="toTrash">True to move the manifest into the trash with its tags, where it goes on holding what it holds. A tag alone does not go there.</param>
    /// <param name="reason">See <see cref="RegistryChange.Reason"/>.</param>
    /// <returns>
    /// What was removed; or MANIFEST_UNKNOWN, PRECONDITION_FAILED, or the refusal of a rule, without a change. If some of very many tags
    /// are removed already, the error or the fault comes with them (<see cref="ManifestDeletion.Stopped"/>, <see cref="ManifestDeletion.Fault"/>).
    /// </returns>
    Task<Result<ManifestDeletion>> DeleteManifestAsync(
        RepositoryName repository, Reference reference, Precondition precondition, ChangeOrigin origin, bool toTrash = false, string? reason = null);

    /// <summary>Restarts the idle time of a manifest that nothing holds; changes nothing while something does. Decides on the manifest.</summary>
    /// <returns>False if the repository does not have it.</returns>
    Task<bool> RenewManifestAsync(RepositoryName repository, Digest digest);

    /// <summary>Lists the tags of a repository after <paramref name="last"/>, which need not exist; null if there is no such repository.</summary>
    Task<Page<string>?> ListTagsAsync(RepositoryName repository, string? last, int limit);

    /// <summary>
    /// Lists the repositories that have a manifest, in the given ranges, which are in order and do not overlap, and after <paramref name="last"/>,
    /// which need not exist.
    /// </summary>
    Task<Page<string>> ListRepositoriesAsync(IReadOnlyList<RepositoryRange> ranges, string? last, int limit);

    /// <summary>
    /// Lists the manifests of a repository with the given subject, in the order of their digests. The page ends before its annotations exceed
    /// <paramref name="maxBytes"/>; it is empty, and has more, when the annotations of the first manifest do.
    /// </summary>
    Task<Page<Referrer>> ListReferrersAsync(
        RepositoryName repository, Digest subject, string? artifactType, Digest? last, int limit, long maxBytes = Referrer.MaxBatchSize);

    /// <summary>Finds a blob; null if the repository may not see it.</summary>
    Task<StoredBlob?> FindBlobAsync(RepositoryName repository, Digest digest);

    /// <summary>Restarts the idle time of a blob that nothing needs; changes nothing while something does. Decides on the link.</summary>
    /// <returns>False if the repository may not see it.</returns>
    Task<bool> RenewBlobAsync(RepositoryName repository, Digest digest);

    /// <summary>Finds some repositories that may see a blob, in no particular order.</summary>
    Task<IReadOnlyList<RepositoryName>> FindRepositoriesWithBlobAsync(Digest digest, int limit);

    /// <summary>
    /// Checks whether a blob could be made visible in a repository now. Nothing changes, and the bytes need not be stored. <see cref="LinkBlobAsync"/>
    /// checks again.
    /// </summary>
    /// <returns>The refusal of a rule; null if there is none.</returns>
    Task<RegistryError?> CheckBlobAsync(RepositoryName repository, Digest digest, long size, ChangeOrigin origin);

    /// <summary>
    /// Checks whether the quotas leave room for a blob that the repository does not refer to. Nothing changes, and other pushes may come in between: the manifest decides
    /// (<see cref="PutManifestAsync"/>).
    /// </summary>
    /// <returns>The refusal of a rule; null if there is none.</returns>
    Task<RegistryError?> CheckQuotaAsync(RepositoryName repository, long size, ChangeOrigin origin);

    /// <summary>
    /// Makes a blob, whose bytes have just been stored or come with this, visible in a repository, and ends the upload that brought them. Creates the
    /// repository if needed, and restarts the idle time of the blob. Decides on the link, and on what needs the blob.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="blob">
    /// The blob, with its digest and the place of its bytes. A new place replaces the recorded one in all repositories, so a repeated push heals the blob;
    /// the place stays as recorded if the bytes come with this.
    /// </param>
    /// <param name="size">Size of the blob in bytes.</param>
    /// <param name="origin">Origin of the blob.</param>
    /// <param name="upload">The session that ends with this; null if there was none.</param>
    /// <param name="staged">The bytes, if they become durable in this transaction; null if their file has them.</param>
    /// <returns>
    /// The refusal of a rule, or BLOB_UPLOAD_INVALID when another process holds the session, without a change: the upload has not ended. Null if the repository
    /// has the blob.
    /// </returns>
    Task<RegistryError?> LinkBlobAsync(
        RepositoryName repository, BlobPlace blob, long size, ChangeOrigin origin, UploadLease? upload = null, byte[]? staged = null);

    /// <summary>
    /// Makes a blob of another repository visible in a repository, and restarts its idle time there. Decides on both links, and on what needs the blob.
    /// </summary>
    /// <returns>False, without a change, if the other may not see it; or the refusal of a rule.</returns>
    Task<Result<bool>> MountBlobAsync(RepositoryName source, RepositoryName target, Digest digest, ChangeOrigin origin);

    /// <summary>
    /// Makes a blob invisible in a repository. Decides on the link, on which manifests need the blob, and on whether anything still has its bytes. The need of a manifest in
    /// the trash prevents nothing.
    /// </summary>
    /// <returns>Size of the blob in bytes; or BLOB_UNKNOWN, or BLOB_IN_USE with the manifests, and nothing has changed.</returns>
    Task<Result<long>> UnlinkBlobAsync(RepositoryName repository, Digest digest, ChangeOrigin origin);
}
