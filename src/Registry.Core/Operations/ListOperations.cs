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
    // A caller who may see few of many has many looked at; fewer, larger steps.
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
    /// <param name="mayPull">Whether the caller may pull from a repository: others are not shown.</param>
    public async Task<Result<Page<string>>> ListRepositoriesAsync(string? last, int? limit, Func<RepositoryName, bool> mayPull)
    {
        ArgumentNullException.ThrowIfNull(mayPull);
        if (indexer.RefuseUntilComplete() is { } notReady)
        {
            return notReady;
        }

        var wanted = Clamp(limit);
        var shown = new List<string>();
        while (true)
        {
            var batch = await metadata.ListRepositoriesAsync(last, Math.Max(wanted, BatchSize));
            foreach (var name in batch.Items.Where(name => mayPull(RepositoryName.Parse(name))))
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
