using Registry.Core.Indexing;
using Registry.Core.Oci;

namespace Registry.Images.Migration;

/// <summary>Counts what a pass of a move would copy and remove. Reads both ends, and writes to none.</summary>
public static class MigrationPlan
{
    /// <summary>Compares the listings of all repositories, and reads the sizes of the missing blobs.</summary>
    /// <param name="source">The registry to move.</param>
    /// <param name="target">Its new place; null if there is nothing yet.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="SourceFaultException">The source cannot be read.</exception>
    public static async Task<MigrationCounts> MeasureAsync(RegistryContent source, RegistryContent? target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        var counts = new MigrationCounts();
        var isEmpty = target is null || await target.IsEmptyAsync();
        var added = new HashSet<Digest>();
        foreach (var repository in await UnionAsync(source, target))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var wanted = await SourceFaultException.GuardAsync(() => source.Listing.ReadAsync(repository));
            var work = RepositoryWork.Between(wanted, target is null ? RepositoryContents.None : await target.Listing.ReadAsync(repository));
            foreach (var blob in work.Blobs)
            {
                if (!added.Add(blob) || (!isEmpty && await IsKnownAsync(target!, blob)))
                {
                    counts = counts with { Links = counts.Links + 1 };
                }
                else if (await SourceFaultException.GuardAsync(() => source.Metadata.FindBlobAsync(repository, blob)) is { Size: var size })
                {
                    counts = counts with { Blobs = counts.Blobs + 1, Bytes = counts.Bytes + size };
                }
            }

            counts = counts with
            {
                Manifests = counts.Manifests + work.NewManifests,
                Tags = counts.Tags + work.Tags,
                Removed = counts.Removed + work.StaleTags.Count + work.StaleManifests.Count + work.StaleBlobs.Count,
            };
        }

        return counts;
    }

    /// <summary>Lists the repositories of either end.</summary>
    /// <exception cref="SourceFaultException">The source cannot be read.</exception>
    internal static async Task<IReadOnlyList<RepositoryName>> UnionAsync(RegistryContent source, RegistryContent? target)
    {
        var names = await SourceFaultException.GuardAsync(source.ListRepositoriesAsync);
        return target is null ? names : [.. names.Union(await target.ListRepositoriesAsync())];
    }

    private static async Task<bool> IsKnownAsync(RegistryContent target, Digest blob) => (await target.Metadata.FindRepositoriesWithBlobAsync(blob, 1)).Count > 0;
}
