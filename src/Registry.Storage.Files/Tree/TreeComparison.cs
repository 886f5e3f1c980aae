using System.Runtime.CompilerServices;
using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Files.Tree;

/// <summary>
/// Compares the tree with the metadata, one repository at a time, and changes nothing. A difference means that indexing the tree anew would change
/// what the registry serves.
/// </summary>
/// <param name="tree">The tree.</param>
/// <param name="metadata">The metadata.</param>
/// <param name="threads">Threads for reading the tree.</param>
/// <param name="following">How the tree follows the metadata, by a moment, while requests are served; null if nothing changes meanwhile.</param>
/// <param name="progress">Receives the number of compared repositories; null for none.</param>
public sealed class TreeComparison(
    TreeReader tree, IMetadataListing metadata, StorageThreads threads, TreeFollowing? following = null, IProgress<long>? progress = null)
{
    private const int PageSize = 500;

    /// <summary>Number of compared repositories.</summary>
    public long Compared { get; private set; }

    /// <summary>Lists the repositories that differ: first those of the tree, in no particular order, then those that only the metadata has.</summary>
    /// <exception cref="StorageException">The metadata cannot be read, the folders of the tree cannot be listed, or it cannot be brought up to date.</exception>
    public async IAsyncEnumerable<RepositoryDifference> FindAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (following is not null)
        {
            // A repository that reached the tree between the two lists below would be in neither.
            await following.CatchUpAsync(cancellationToken);
        }

        using var names = tree.Repositories().GetEnumerator();
        while (await threads.RunAsync(names.MoveNext))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await CompareAsync(names.Current, cancellationToken) is { } difference)
            {
                yield return difference;
            }

            Pass();
        }

        await foreach (var name in ListRecordedAsync())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await threads.RunAsync(() => tree.Exists(name)))
            {
                continue;
            }

            if (await CompareAsync(name, cancellationToken) is { } difference)
            {
                yield return difference;
            }

            Pass();
        }
    }

    private async Task<RepositoryDifference?> CompareAsync(RepositoryName name, CancellationToken cancellationToken)
    {
        var difference = await CompareAsync(name, await metadata.ReadAsync(name));
        if (difference is null || following is null)
        {
            return difference;
        }

        // The tree has all that was recorded before. What has changed since then may be in it or not. The feed does not tell all changes of blobs, since it forgets those that the tree
        // has: a blob differs if it did before, too.
        var position = await following.Feed.FindEndAsync();
        await following.CatchUpAsync(cancellationToken);
        var (found, failure) = await ReadTreeAsync(name);
        var recorded = await metadata.ReadAsync(name);
        return await following.ListChangedAsync(name, position) is var (tags, digests)
            ? Compare(name, recorded, found is null ? null : Settle(found, recorded, tags, digests, BlobsOf(difference)), failure)
            : null;
    }

    // Null for all: the tree could not be read.
    private static HashSet<Digest>? BlobsOf(RepositoryDifference difference)
    {
        if (difference.Found is null)
        {
            return null;
        }

        HashSet<Digest> blobs = [.. difference.Recorded.Blobs];
        blobs.SymmetricExceptWith(difference.Found.Blobs);
        return blobs;
    }

    private async Task<RepositoryDifference?> CompareAsync(RepositoryName name, RepositoryContents recorded)
    {
        var (found, failure) = await ReadTreeAsync(name);
        return Compare(name, recorded, found, failure);
    }

    private async Task<(RepositoryContents? Found, string? Failure)> ReadTreeAsync(RepositoryName name)
    {
        try
        {
            return (await threads.RunAsync(() => tree.Exists(name) ? RepositoryContents.Of(tree.Read(name)) : RepositoryContents.None), null);
        }
        catch (StorageException e)
        {
            return (null, e.Message);
        }
    }

    private async IAsyncEnumerable<RepositoryName> ListRecordedAsync()
    {
        RepositoryName? last = null;
        while (await metadata.ListRepositoriesAsync(last, PageSize) is { Count: > 0 } page)
        {
            foreach (var name in page)
            {
                yield return name;
            }

            last = page[^1];
        }
    }

    private static RepositoryDifference? Compare(RepositoryName name, RepositoryContents recorded, RepositoryContents? found, string? failure) =>
        found is not null && IsSame(recorded, found) ? null : new RepositoryDifference(name, recorded, found, failure);

    private static bool IsSame(RepositoryContents recorded, RepositoryContents found) =>
        recorded.Manifests.SetEquals(found.Manifests)
        && recorded.Blobs.SetEquals(found.Blobs)
        && recorded.Tags.Count == found.Tags.Count
        && recorded.Tags.All(tag => Has(found, tag));

    // What the tree has, with all that has changed as it is recorded now, and blobs other than these, too.
    private static RepositoryContents Settle(RepositoryContents found, RepositoryContents recorded, HashSet<Tag> tags, HashSet<Digest> digests, HashSet<Digest>? blobs)
    {
        bool HasChanged(KeyValuePair<Tag, Digest> tag) => tags.Contains(tag.Key) || digests.Contains(tag.Value);
        return new RepositoryContents
        {
            Tags = found.Tags.Where(tag => !HasChanged(tag) && !(recorded.Tags.TryGetValue(tag.Key, out var digest) && digests.Contains(digest)))
                .Concat(recorded.Tags.Where(HasChanged)).ToDictionary(),
            Manifests = Settle(found.Manifests, recorded.Manifests, digests.Contains),
            Blobs = Settle(found.Blobs, recorded.Blobs, digest => digests.Contains(digest) || blobs?.Contains(digest) == false),
        };
    }

    private static HashSet<Digest> Settle(IReadOnlySet<Digest> found, IReadOnlySet<Digest> recorded, Func<Digest, bool> hasChanged) =>
        [.. found.Where(digest => !hasChanged(digest)), .. recorded.Where(hasChanged)];

    private static bool Has(RepositoryContents contents, KeyValuePair<Tag, Digest> tag) => contents.Tags.TryGetValue(tag.Key, out var digest) && digest == tag.Value;

    private void Pass()
    {
        Compared++;
        progress?.Report(Compared);
    }
}
