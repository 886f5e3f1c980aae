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
    /// <inheritdoc cref="ListTagsAsync"/>
    public async Task<Result<Page<string>>> ListRepositoriesAsync(string? last, int? limit) =>
        indexer.RefuseUntilComplete() is { } notReady
            ? notReady
            : Present(await metadata.ListRepositoriesAsync(last, Clamp(limit)), limit);

    private int Clamp(int? limit) => Math.Min(limit ?? defaultLimit, maxLimit);

    // "When n is zero, this endpoint MUST return an empty list, and MUST NOT include a Link header" (OCI distribution-spec, "Listing Tags").
    private static Page<string> Present(Page<string> page, int? limit) => limit == 0 ? new Page<string>([], false) : page;
}
