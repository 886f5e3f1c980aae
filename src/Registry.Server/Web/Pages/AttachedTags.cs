using Registry.Core.Inventory;
using Registry.Core.Oci;

namespace Registry.Server.Web.Pages;

/// <summary>Finds the tags under which signatures and the like of an image are stored (<see cref="AttachedTag"/>).</summary>
internal sealed class AttachedTags(InventoryOperations inventory)
{
    // cosign has three, and clients have one for all referrers.
    private const int Most = 10;

    /// <summary>Finds the tags that belong to an image. One whose manifest has an ordinary tag, too, is an image of its own, and left out.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="image">The image; it need not exist any more.</param>
    /// <param name="cancellationToken">Ends the wait for the storage.</param>
    public async Task<IReadOnlyList<TagEntry>> FindAsync(RepositoryName repository, Digest image, CancellationToken cancellationToken)
    {
        var query = new TagQuery { Prefix = AttachedTag.PrefixOf(image), Order = TagOrder.Name, Limit = Most };
        return (await inventory.ListTagsAsync(repository, query, cancellationToken)).TryGet(out var page, out _)
            ? [.. page.Items.Where(entry => AttachedTag.FindSubject(entry.Tag) == image && !entry.Manifest.HasMoreTags && entry.Manifest.Tags.All(AttachedTag.Is))]
            : [];
    }
}
