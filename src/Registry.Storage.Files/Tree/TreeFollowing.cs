using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Storage.Files.Tree;

/// <summary>How the tree of a registry that serves follows its metadata.</summary>
/// <param name="Feed">Changes that the tree follows.</param>
/// <param name="CatchUpAsync">Brings the tree up to date with the metadata as it is at the call.</param>
public sealed record TreeFollowing(IChangeFeed Feed, Func<CancellationToken, Task> CatchUpAsync)
{
    private const int PageSize = 1000;

    /// <summary>Lists the tags and digests of a repository that have changed since a position, including those that have changed back.</summary>
    /// <returns>Null if the repository was renamed, or another one to its name: all of it has changed.</returns>
    internal async Task<(HashSet<Tag> Tags, HashSet<Digest> Digests)?> ListChangedAsync(RepositoryName repository, long since)
    {
        var (tags, digests) = (new HashSet<Tag>(), new HashSet<Digest>());
        var end = await Feed.FindEndAsync();
        while (since < end && await Feed.ReadAsync(since, PageSize) is { Count: > 0 } page)
        {
            since = page[^1].Sequence;
            foreach (var change in page.Where(change => change.Repository == repository || change.NewName == repository))
            {
                if (change.Kind == ChangeKind.RepositoryRenamed)
                {
                    return null;
                }

                tags.UnionWith(change.Tag is { } tag ? [tag] : []);
                digests.UnionWith(change.Digest is { } digest ? [digest] : []);
            }
        }

        return (tags, digests);
    }
}
