using Registry.Core.Errors;
using Registry.Core.Maintenance;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Operations;

/// <summary>The listings of tags and repositories.</summary>
/// <param name="metadata">What they list.</param>
/// <param name="indexer">Whether it is complete.</param>
/// <param name="defaultLimit">The size of a page when the client does not say.</param>
/// <param name="maxLimit">The largest page; a larger wish is read as this.</param>
public sealed class ListOperations(IMetadataStore metadata, TreeIndexer indexer, int defaultLimit, int maxLimit)
{
    // When names are found that the caller may not see, many such may follow: fewer, larger steps.
    private const int BatchSize = 1000;

    /// <summary>The tags of a repository, or NAME_UNKNOWN.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="last">List what comes after this; it need not exist.</param>
    /// <param name="limit">How many, 0 or more; null for the default.</param>
    public async Task<Result<Page<string>>> ListTagsAsync(RepositoryName repository, string? last, int? limit)
    {
        await indexer.EnsureAsync(repository);
        return await metadata.ListTagsAsync(repository, last, Clamp(limit)) is { } page
            ? Present(page, limit)
            : RegistryErrorCode.NameUnknown;
    }

    /// <summary>The repositories that hold a manifest.</summary>
    /// <param name="last">List what comes after this; it need not exist.</param>
    /// <param name="limit">How many, 0 or more; null for the default.</param>
    /// <param name="ranges">Where the repositories are that the caller may see.</param>
    /// <param name="mayList">Whether the caller may see a repository: others are not shown.</param>
    public async Task<Result<Page<string>>> ListRepositoriesAsync(
        string? last, int? limit, IReadOnlyList<RepositoryRange> ranges, Func<RepositoryName, bool> mayList)
    {
        ArgumentNullException.ThrowIfNull(mayList);
        if (indexer.RefuseUntilComplete() is { } notReady)
        {
            return notReady;
        }

        var wanted = Clamp(limit);
        var shown = new List<string>();
        for (var batchSize = wanted + 1; ; batchSize = Math.Max(wanted, BatchSize))
        {
            var batch = await metadata.ListRepositoriesAsync(ranges, last, batchSize);
            foreach (var name in batch.Items.Where(name => mayList(RepositoryName.Parse(name))))
            {
                if (shown.Count == wanted)
                {
                    return Present(new Page<string>(shown, true), limit);
                }

                shown.Add(name);
            }

            if (!batch.HasMore)
            {
                return Present(new Page<string>(shown, false), limit);
            }

            last = batch.Items[^1];
        }
    }

    private int Clamp(int? limit) => Math.Min(limit ?? defaultLimit, maxLimit);

    // "When n is zero, this endpoint MUST return an empty list, and MUST NOT include a Link header" (OCI distribution-spec, "Listing Tags").
    private static Page<string> Present(Page<string> page, int? limit) => limit == 0 ? new Page<string>([], false) : page;
}
