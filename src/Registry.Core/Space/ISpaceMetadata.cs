using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Space;

/// <summary>
/// Metadata for the computation of space, and its results. A repository holds content that it has as a manifest, in the trash or not, and blobs that such a manifest needs.
/// What it refers to and does not have takes no space.
/// </summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface ISpaceMetadata
{
    /// <summary>
    /// Reads stored content after an id, in the order of the ids, with all repositories that hold it. Each page is a state of its own: no transaction outlives the call.
    /// </summary>
    /// <param name="afterId">Id of the last content of the page before; 0 for the first page.</param>
    /// <param name="limit">Largest number of contents, 1 or more. A page with fewer is the last one.</param>
    Task<ContentPage> ReadContentAsync(long afterId, int limit);

    /// <summary>
    /// Saves the space of the repositories in a range of ids, and removes the rows of the others in it. A row that does not change is not written.
    /// </summary>
    /// <param name="afterId">The range begins after this id.</param>
    /// <param name="lastId">Last id of the range.</param>
    /// <param name="repositories">Space of the repositories in the range, in the order of their ids, at most 200.</param>
    Task SaveRepositoriesAsync(long afterId, long lastId, IReadOnlyList<RepositorySpace> repositories);

    /// <summary>Saves the sums of a round in the row of their day, and removes the oldest days.</summary>
    /// <param name="sums">The sums.</param>
    /// <param name="keptDays">Number of days that are kept, 1 or more.</param>
    Task SaveSumsAsync(SpaceSums sums, int keptDays);

    /// <summary>Reads the sums of the last round of each day, in the order of the days.</summary>
    Task<IReadOnlyList<SpaceSums>> ReadDaysAsync();

    /// <summary>
    /// Lists the repositories with their saved space, in the given ranges, which are in order and do not overlap, and after <paramref name="last"/>, which need not exist.
    /// </summary>
    Task<Page<NamedSpace>> ListRepositoriesAsync(IReadOnlyList<RepositoryRange> ranges, string? last, int limit);

    /// <summary>Lists the repositories with the most saved unique bytes, in no particular order; none without any.</summary>
    /// <param name="limit">Number of repositories at most.</param>
    Task<IReadOnlyList<NamedSpace>> ListLargestAsync(int limit);

    /// <summary>Finds the saved space of a repository; null if there is none.</summary>
    Task<RepositorySpace?> FindRepositoryAsync(RepositoryName repository);

    /// <summary>Reads what a repository has now, for the space of its tags.</summary>
    /// <param name="repository">The repository; it need not exist.</param>
    /// <param name="limit">Largest number of its manifests, of its blobs, of their references, and of its tags.</param>
    /// <returns>The content, empty for an unknown repository; null if there is more than the limit of one of them.</returns>
    Task<RepositoryContent?> ReadRepositoryAsync(RepositoryName repository, int limit);
}
