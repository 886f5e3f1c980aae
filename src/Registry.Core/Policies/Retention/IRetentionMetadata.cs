using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Pulls;
using Registry.Core.Storage;

namespace Registry.Core.Policies.Retention;

/// <summary>Last pulls of the manifests of repositories that are not mirrored, and what a retention reads and deletes.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IRetentionMetadata
{
    /// <summary>
    /// Records that clients have pulled manifests. What is gone meanwhile, or mirrored, is left out, and so are times before the recorded ones, unless these are later than
    /// now, of a clock that was wrong.
    /// </summary>
    Task RecordAsync(IReadOnlyList<ManifestPull> pulls);

    /// <summary>Reads a time, to the second; null if there is none.</summary>
    Task<DateTimeOffset?> FindMarkAsync(RetentionMark mark);

    /// <summary>Sets a time, or removes it if it is null. Survives a kill, but not a power cut within a second.</summary>
    Task SetMarkAsync(RetentionMark mark, DateTimeOffset? time);

    /// <summary>Reads what a repository has now.</summary>
    /// <param name="repository">The repository; it need not exist.</param>
    /// <param name="limit">Largest number of its manifests, of what its indexes list, and of its tags.</param>
    /// <returns>The content, empty for an unknown repository; null if there is more than the limit of one of them.</returns>
    Task<RetainedRepository?> ReadAsync(RepositoryName repository, int limit);

    /// <summary>
    /// Deletes a tag, or a manifest with all its tags, unless it has changed since it was read: it was pushed or pulled, its tag was set, or an index or subject holds it
    /// now that the repository has. Decides in the transaction of the deletion, as <see cref="IMetadataStore.DeleteManifestAsync"/> does.
    /// </summary>
    /// <param name="deletion">The tag or manifest, as it was read.</param>
    /// <param name="origin">Origin of the deletion.</param>
    /// <param name="toTrash">True to move a manifest into the trash.</param>
    /// <returns>
    /// What was removed; or MANIFEST_UNKNOWN if it is gone, PRECONDITION_FAILED if it has changed, or the refusal of a rule. If some of very many tags are removed already, the
    /// error comes with them (<see cref="ManifestDeletion.Stopped"/>).
    /// </returns>
    Task<Result<ManifestDeletion>> DeleteAsync(RetentionStep deletion, ChangeOrigin origin, bool toTrash);
}
