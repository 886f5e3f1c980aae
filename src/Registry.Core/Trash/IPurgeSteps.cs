using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Trash;

/// <summary>Transactions of a purge in an engine, which <see cref="PurgeWalk"/> puts together.</summary>
public interface IPurgeSteps
{
    /// <summary>Removes an entry, and the blobs that only it held.</summary>
    /// <returns>What the repository has lost; or MANIFEST_UNKNOWN if there is no such entry.</returns>
    Task<Result<PurgeStep>> RemoveEntryAsync(RepositoryName repository, Digest entry);

    /// <summary>Removes a manifest that nothing holds, and the blobs that only it held.</summary>
    /// <param name="id">Row of the repository.</param>
    /// <param name="repository">The name that the row had a moment ago.</param>
    /// <param name="manifest">The manifest.</param>
    /// <returns>What the repository has lost, null if something holds the manifest; or NAME_UNKNOWN if the row has another name by now.</returns>
    Task<Result<PurgeStep?>> RemoveReleasedAsync(long id, RepositoryName repository, Digest manifest);

    /// <summary>Name that the row of a repository has now; null if it had no content any more, and another repository has got its name.</summary>
    Task<RepositoryName?> FindNameAsync(long id);

    /// <summary>Releases the referrers of a removed manifest, and finds those that nothing holds.</summary>
    /// <param name="id">Row of the repository.</param>
    /// <param name="repository">The name that the row had a moment ago. If it has another by now, referrers that are not released yet expire later.</param>
    /// <param name="subject">The removed manifest.</param>
    Task<List<Digest>> ReleaseReferrersAsync(long id, RepositoryName repository, Digest subject);

    /// <summary>Finds the other repositories that have what was removed, or have it in their trash.</summary>
    Task<List<PurgedContent>> FindHoldersAsync(RepositoryName repository, IReadOnlyList<Digest> removed);
}
