using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Files.Tree;

/// <summary>Writes links that the metadata records, whatever the tree has of them.</summary>
internal sealed class RecordedLinks(TreeFiles files, IMetadataListing metadata, StorageThreads threads)
{
    private const int BatchSize = 512;

    /// <summary>Writes all links of a repository; links to what was deleted stay.</summary>
    /// <returns>Reason why a link cannot be written; null if all are.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled; links are left.</exception>
    public async Task<string?> WriteAsync(RepositoryName repository, CancellationToken stopping)
    {
        IReadOnlyList<TreeLink> links = [];
        do
        {
            stopping.ThrowIfCancellationRequested();
            links = await metadata.ListLinksAsync(repository, links.Count == 0 ? null : links[^1], BatchSize);
            var page = links;
            if (await threads.RunAsync(() => TreeFiles.Try(() => WriteAll(page))) is { } reason)
            {
                return reason;
            }
        }
        while (links.Count == BatchSize);
        return null;

        void WriteAll(IReadOnlyList<TreeLink> page)
        {
            foreach (var link in page)
            {
                files.Write(repository, link);
            }
        }
    }
}
