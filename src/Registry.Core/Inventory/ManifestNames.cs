using System.Collections.Concurrent;
using Registry.Core.Oci;

namespace Registry.Core.Inventory;

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

    /// <summary>Finds the tags of the manifests that list others, such as the indexes of a platform.</summary>
    /// <returns>Up to <see cref="InventoryOperations.MostTags"/> for each that is listed under a tag, in ordinal order.</returns>
    public async Task<IReadOnlyDictionary<Digest, IReadOnlyList<Tag>>> FindTagsOfParentsAsync(
        RepositoryName repository, IEnumerable<Digest> manifests, CancellationToken cancellationToken)
    {
        var listed = await ReadAsync(repository, manifests, cancellationToken);
        var parents = await FindTagsAsync(repository, listed.Values.SelectMany(one => one.Parents), cancellationToken);
        return listed
            .Select(one => (one.Key, Tags: (IReadOnlyList<Tag>)[.. one.Value.Parents.SelectMany(parent => parents.GetValueOrDefault(parent) ?? [])
                .Distinct().OrderBy(tag => tag.Value, StringComparer.Ordinal).Take(InventoryOperations.MostTags)]))
            .Where(one => one.Tags.Count > 0)
            .ToDictionary(one => one.Key, one => one.Tags);
    }

    private async Task<IReadOnlyDictionary<Digest, (IReadOnlyList<Tag> Tags, IReadOnlyList<Digest> Parents)>> ReadAsync(
        RepositoryName repository, IEnumerable<Digest> manifests, CancellationToken cancellationToken)
    {
        var found = new ConcurrentDictionary<Digest, (IReadOnlyList<Tag>, IReadOnlyList<Digest>)>();
        await Parallel.ForEachAsync(
            manifests.Distinct().Take(MostManifests),
            new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken },
            async (digest, _) =>
            {
                if (await inventory.FindManifestAsync(repository, digest, InventoryOperations.MostTags, referrers: 1) is { } row)
                {
                    found[digest] = ([.. row.Tags.Select(tag => Tag.Parse(tag.Name))], row.Parents);
                }
            });
        return found;
    }
}
