using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Files.Tree;

/// <summary>
/// Compares the tree with the metadata, one repository at a time, and changes nothing. A difference means that indexing the tree anew would change
/// what the registry serves.
/// </summary>
public sealed partial class TreeComparison(
    TreeReader tree, IMetadataListing metadata, StorageThreads threads, TimeProvider time, ILogger<TreeComparison> logger)
{
    private const int PageSize = 500;
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(5);

    private long _reported = time.GetTimestamp();

    /// <summary>Number of compared repositories.</summary>
    public long Compared { get; private set; }

    /// <summary>Lists the repositories that differ: first those of the tree, in no particular order, then those that only the metadata has.</summary>
    /// <exception cref="StorageException">The metadata cannot be read, or the folders of the tree cannot be listed.</exception>
    public async IAsyncEnumerable<RepositoryDifference> FindAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var names = tree.Repositories().GetEnumerator();
        while (await threads.RunAsync(names.MoveNext))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await CompareAsync(names.Current) is { } difference)
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

            var recorded = await metadata.ReadAsync(name);
            if (!recorded.IsEmpty)
            {
                yield return new RepositoryDifference(name, recorded, RepositoryContents.None);
            }

            Pass();
        }
    }

    private async Task<RepositoryDifference?> CompareAsync(RepositoryName name)
    {
        var recorded = await metadata.ReadAsync(name);
        try
        {
            var found = await threads.RunAsync(() => RepositoryContents.Of(tree.Read(name)));
            return IsSame(recorded, found) ? null : new RepositoryDifference(name, recorded, found);
        }
        catch (StorageException e)
        {
            return new RepositoryDifference(name, recorded, null, e.Message);
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

    private static bool IsSame(RepositoryContents recorded, RepositoryContents found) =>
        recorded.Manifests.SetEquals(found.Manifests)
        && recorded.Blobs.SetEquals(found.Blobs)
        && recorded.Tags.Count == found.Tags.Count
        && recorded.Tags.All(tag => found.Tags.TryGetValue(tag.Key, out var digest) && digest == tag.Value);

    private void Pass()
    {
        Compared++;
        if (time.GetElapsedTime(_reported) >= ProgressPeriod)
        {
            _reported = time.GetTimestamp();
            LogProgress(Compared);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Comparing the tree with the metadata: repositories so far: {Repositories}")]
    private partial void LogProgress(long repositories);
}
