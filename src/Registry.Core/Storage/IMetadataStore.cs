using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>
/// What the registry knows: which repositories there are, their manifests and tags, and which blobs each may see. Every mutation is atomic,
/// and durable when its task ends.
/// </summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IMetadataStore
{
    /// <summary>Finds a manifest; null when the repository has none under that tag or digest.</summary>
    Task<StoredManifest?> FindManifestAsync(RepositoryName repository, Reference reference);

    /// <summary>Records a manifest whose bytes are stored, sets its tags, and creates the repository where needed.</summary>
    /// <returns>The tags that named another manifest before, or PRECONDITION_FAILED or MANIFEST_BLOB_UNKNOWN; then nothing has changed.</returns>
    Task<Result<IReadOnlyList<MovedTag>>> PutManifestAsync(ManifestPut put);

    /// <summary>Removes a manifest with all its tags (by digest), or a tag alone (by tag).</summary>
    /// <returns>What was removed, or MANIFEST_UNKNOWN or PRECONDITION_FAILED; then nothing has changed.</returns>
    Task<Result<ManifestDeletion>> DeleteManifestAsync(RepositoryName repository, Reference reference, Precondition precondition);

    /// <summary>The tags of a repository after <paramref name="last"/>, which need not exist; null when there is no such repository.</summary>
    Task<Page<string>?> ListTagsAsync(RepositoryName repository, string? last, int limit);

    /// <summary>
    /// The repositories that hold a manifest, in some ranges, which are in order and do not overlap, and after <paramref name="last"/>, which
    /// need not exist.
    /// </summary>
    Task<Page<string>> ListRepositoriesAsync(IReadOnlyList<RepositoryRange> ranges, string? last, int limit);

    /// <summary>The manifests of a repository whose subject is the given digest, by digest.</summary>
    Task<Page<Referrer>> ListReferrersAsync(RepositoryName repository, Digest subject, string? artifactType, Digest? last, int limit);

    /// <summary>The size of a blob in bytes; null when the repository may not see it.</summary>
    Task<long?> FindBlobAsync(RepositoryName repository, Digest digest);

    /// <summary>Some repositories that may see a blob, in no particular order.</summary>
    Task<IReadOnlyList<RepositoryName>> FindRepositoriesWithBlobAsync(Digest digest, int limit);

    /// <summary>
    /// Lets a repository see a blob whose bytes have just been stored, and ends the upload that brought them; creates the repository where
    /// needed.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="upload">The session that is over with this; null when there was none.</param>
    Task LinkBlobAsync(RepositoryName repository, Digest digest, long size, Guid? upload = null);

    /// <summary>Lets a repository see a blob that another may see; false, without a change, when that one may not.</summary>
    Task<bool> MountBlobAsync(RepositoryName source, RepositoryName target, Digest digest);

    /// <summary>Stops a repository from seeing a blob.</summary>
    /// <returns>The size of the blob in bytes, or BLOB_UNKNOWN, or BLOB_IN_USE naming manifests; then nothing has changed.</returns>
    Task<Result<long>> UnlinkBlobAsync(RepositoryName repository, Digest digest);
}
