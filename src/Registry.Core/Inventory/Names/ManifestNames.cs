using System.Collections.Concurrent;
using Registry.Core.Oci;

namespace Registry.Core.Inventory.Names;

/// <summary>Answers by which tags people know manifests, where lists have their digests alone. The caller may pull from the repository.</summary>
/// <param name="inventory">The manifests.</param>
public sealed class ManifestNames(IInventory inventory)
{
    /// <summary>Number of manifests that are asked for at once; the others have no answer.</summary>
    public const int MostManifests = InventoryOperations.MostNamed;

    // Manifests that are read at the same time, for a database that takes its time for each.
    private const int Readers = 8;

    /// <summary>Finds the tags of manifests.</summary>
    /// <returns>Up to <see cref="InventoryOperations.MostTags"/> of each that has any, in ordinal order.</returns>
    public async Task<IReadOnlyDictionary<Digest, IReadOnlyList<Tag>>> FindTagsAsync(
        RepositoryName repository, IEnumerable<Digest> manifests, CancellationToken cancellationToken) =>
        (await ReadAsync(repository, manifests, cancellationToken)).Where(one => one.Value.Tags.Count > 0).ToDictionary(one => one.Key, one => one.Value.Tags);

    /// <summary>Finds what lists manifests, such as the indexes of a platform.</summary>
    /// <returns>The holders of each that is listed under a tag, or by what is in the trash.</returns>
    public async Task<IReadOnlyDictionary<Digest, ManifestHolders>> FindHoldersAsync(
        RepositoryName repository, IEnumerable<Digest> manifests, CancellationToken cancellationToken)
    {
        var listed = await ReadAsync(repository, manifests, cancellationToken);
        var parents = await FindTagsAsync(repository, listed.Values.SelectMany(one => one.Parents), cancellationToken);
        return listed
            .Select(one => (one.Key, Holders: new ManifestHolders(TagsOf(one.Value.Parents), one.Value.IsInTrash)))
            .Where(one => one.Holders.IsInTrash || one.Holders.Tags.Count > 0)
            .ToDictionary(one => one.Key, one => one.Holders);

        IReadOnlyList<Tag> TagsOf(IReadOnlyList<Digest> holders) =>
        [
            .. holders.SelectMany(holder => parents.GetValueOrDefault(holder) ?? []).Distinct().OrderBy(tag => tag.Value, StringComparer.Ordinal).Take(InventoryOperations.MostTags),
        ];
    }

    private async Task<IReadOnlyDictionary<Digest, (IReadOnlyList<Tag> Tags, IReadOnlyList<Digest> Parents, bool IsInTrash)>> ReadAsync(
        RepositoryName repository, IEnumerable<Digest> manifests, CancellationToken cancellationToken)
    {
        var found = new ConcurrentDictionary<Digest, (IReadOnlyList<Tag>, IReadOnlyList<Digest>, bool)>();
        await Parallel.ForEachAsync(
            manifests.Distinct().Take(MostManifests),
            new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken },
            async (digest, _) =>
            {
                if (await inventory.FindManifestAsync(repository, digest, InventoryOperations.MostTags, referrers: 1) is { } row)
                {
                    found[digest] = ([.. row.Tags.Select(tag => Tag.Parse(tag.Name))], row.Parents, row.DeletedParents.Count > 0);
                }
            });
        return found;
    }
}
