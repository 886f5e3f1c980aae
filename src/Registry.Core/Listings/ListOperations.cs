using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Listings;

/// <summary>Lists tags and repositories.</summary>
/// <param name="metadata">Metadata that is listed.</param>
/// <param name="defaultLimit">Size of a page if the client does not give one.</param>
/// <param name="maxLimit">Size of the largest page; a larger limit counts as this one.</param>
public sealed class ListOperations(IMetadataStore metadata, int defaultLimit, int maxLimit)
{
    // After names that the caller may not see, many more may follow: fewer, larger batches.
    private const int BatchSize = 1000;

    /// <summary>Largest number of entries on a page.</summary>
    /// <param name="limit">Number that the client requests; null for none.</param>
    public int PageSize(int? limit) => Math.Min(limit ?? defaultLimit, maxLimit);

    /// <summary>Lists the tags of a repository; NAME_UNKNOWN if there is no such repository.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="last">The page begins after this tag; it need not exist.</param>
    /// <param name="limit">Number of tags, 0 or more; null for the default.</param>
    public async Task<Result<Page<string>>> ListTagsAsync(RepositoryName repository, string? last, int? limit)
    {
        return await metadata.ListTagsAsync(repository, last, PageSize(limit)) is { } page
            ? Present(page, limit)
            : RegistryErrorCode.NameUnknown;
    }

    /// <summary>Lists the repositories that have a manifest.</summary>
    /// <param name="last">The page begins after this repository; it need not exist.</param>
    /// <param name="limit">Number of repositories, 0 or more; null for the default.</param>
    /// <param name="ranges">Ranges that contain all repositories that the caller may see.</param>
    /// <param name="mayList">Returns true if the caller may see a repository; others are left out.</param>
    public async Task<Result<Page<string>>> ListRepositoriesAsync(
        string? last, int? limit, IReadOnlyList<RepositoryRange> ranges, Func<RepositoryName, bool> mayList)
    {
        ArgumentNullException.ThrowIfNull(mayList);
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        var wanted = PageSize(limit);
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

    // "When n is zero, this endpoint MUST return an empty list, and MUST NOT include a Link header" (OCI distribution-spec, "Listing Tags").
    private static Page<string> Present(Page<string> page, int? limit) => limit == 0 ? new Page<string>([], false) : page;
}
